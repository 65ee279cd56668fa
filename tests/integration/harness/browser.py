"""Debian's chromium without a window, driven through selenium."""

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By

from .wait import wait_until

WIDTHS = (380, 1280)


class Browser:
    def __init__(self, folder, scripts=True):
        options = webdriver.ChromeOptions()
        for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", f"--user-data-dir={folder}"):
            options.add_argument(word)
        if not scripts:
            options.add_argument("--blink-settings=scriptEnabled=false")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options)
        self.driver.set_page_load_timeout(30)
        self.complaints = []
        self.driver.get("data:text/html,<noscript>no scripts</noscript>")
        assert self.text == ("" if scripts else "no scripts")

    def close(self):
        self.driver.quit()

    # --- going about ----------------------------------------------------------------------------

    def open(self, url):
        self.driver.get(url)
        self._listen()

    def press(self, label):
        """Presses the button of that label; it is the only one."""
        (button,) = [each for each in self.driver.find_elements(By.TAG_NAME, "button") if each.text == label]
        self._leave_by(button)

    def follow(self, label):
        self._leave_by(self.driver.find_element(By.PARTIAL_LINK_TEXT, label))

    def _leave_by(self, element):
        """Clicks and waits for the next page: without scripts the driver does not by itself."""
        page = self.driver.find_element(By.TAG_NAME, "html")
        element.click()
        wait_until(lambda: is_gone(page), what="the next page")
        wait_until(lambda: has_ended(self.driver), what="the end of the page")
        self._listen()

    def fill(self, name, text):
        self.driver.find_element(By.NAME, name).send_keys(text)

    def _listen(self):
        self.complaints += [entry["message"] for entry in self.driver.get_log("browser")]

    # --- looking --------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    @property
    def path(self) -> str:
        return "/" + self.driver.current_url.split("/", 3)[3]

    def texts(self, css) -> list:
        """Of every such element, on one line."""
        return [" ".join(each.text.split()) for each in self.driver.find_elements(By.CSS_SELECTOR, css)]

    def buttons(self) -> list:
        return [text for text in self.texts("button") if text]

    def show(self, width, scheme="light"):
        """As wide a window, as long as the page, in that colour scheme."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        self._size(width, 900)
        self._size(width, self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]["height"])

    def _size(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": int(height), "deviceScaleFactor": 1, "mobile": False})

    def content_width(self) -> int:
        return self.driver.execute_script("return document.documentElement.scrollWidth")

    def contrast(self, css) -> float:
        """The contrast of an element's text with what is behind it (WCAG 2: 4.5 is readable)."""
        return self.driver.execute_script(CONTRAST, self.driver.find_element(By.CSS_SELECTOR, css))


def is_gone(element) -> bool:
    try:
        element.is_enabled()
    except WebDriverException:
        return True
    return False


def has_ended(driver) -> bool:
    try:
        return bool(driver.find_elements(By.TAG_NAME, "footer"))
    except WebDriverException:
        return False


CONTRAST = """
const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
let behind = arguments[0], back;
do {
    back = numbers(getComputedStyle(behind).backgroundColor);
    behind = behind.parentElement;
} while (back.length === 4 && back[3] === 0 && behind);
const one = light(numbers(getComputedStyle(arguments[0]).color).slice(0, 3)), two = light(back.slice(0, 3));
return (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
"""
