"""The pages in a real browser: read, acted on, in light and dark, narrow and wide, with and without scripts."""

import os
import pathlib

import pytest

from harness.browser import WIDTHS, Browser
from harness.workspace import Workspace, columns

PHONE = "ALTER TABLE customer ADD COLUMN phone VARCHAR(40);\n"
DISCOUNT = """-- Discounts: how much an order gets, and who granted it.
CREATE TABLE discount_grant (
    id         INTEGER PRIMARY KEY,
    order_id   INTEGER NOT NULL REFERENCES orders (id),
    granted_by VARCHAR(200) NOT NULL,
    cents      INTEGER NOT NULL
);

ALTER TABLE orders ADD COLUMN discount_cents INTEGER NOT NULL DEFAULT 0;
CREATE INDEX "OrdersDiscount" ON orders (discount_cents);

-- The name has been in the address book since spring.
ALTER TABLE customer DROP COLUMN name;
"""


def propose(workspace, branch, base, path, sql, title):
    workspace.repository.branch(branch, base)
    workspace.repository.commit({path: sql}, title)
    workspace.repository.push(branch)


def merge(workspace, branch):
    workspace.repository.push(f"{branch}:main")


@pytest.fixture
def workspace(sluice, tmp_workspace):
    """One change applied everywhere, a second that waits at prod for an approval, with findings."""
    made = Workspace(sluice).start()
    propose(made, "change/phone", "main", "migrations/V2__phone.sql", PHONE, "Phone numbers for customers")
    merge(made, "change/phone")
    made.wait_awaited(1, "approvals (dba)")
    made.ok("approve", 1, who="dana")
    made.wait_change(1, "done")
    propose(made, "change/discount", "change/phone", "migrations/V3__discount.sql", DISCOUNT, "Orders get a discount")
    made.wait_change(2, lambda change: change.get("review", {}).get("errors") == 1)
    made.ok("waive", 2, "column-disallow-drop", "--reason", "the address book has had the names since spring", who="dana")
    made.wait_change(2, lambda change: change.get("review", {}).get("errors") == 0)
    merge(made, "change/discount")
    made.wait_awaited(2, "approvals (dba)")
    yield made
    made.close()


@pytest.fixture(params=["with scripts", "without scripts"])
def browser(request, tmp_path):
    made = Browser(tmp_path / "profile", scripts=request.param == "with scripts")
    yield made
    made.close()


@pytest.fixture
def seeing_browser(tmp_path):
    made = Browser(tmp_path / "profile")
    yield made
    made.close()


def log_in(browser, workspace, who="dana") -> str:
    """Through a login link; returns the address of the pages."""
    link = workspace.ok("login", who=who).strip()
    browser.open(link)
    assert who in browser.text
    browser.press(f"Log in as {who}")
    assert browser.path == "/changes"
    return link.split("/login")[0]


def test_nobody_is_told_how_to_log_in(browser, workspace):
    site = workspace.ok("login", who="dana").split("/login")[0]
    browser.open(f"{site}/changes/2")
    assert "Not logged in" in browser.text
    assert "sluice login" in browser.text
    assert "discount" not in browser.text


def test_a_used_link_logs_nobody_in(browser, workspace):
    link = workspace.ok("login", who="dana").strip()
    browser.open(link)
    browser.press("Log in as dana")
    browser.press("Log out")
    browser.open(link)
    browser.press("Log in as dana")
    assert "used already" in browser.text


def test_the_list_leads_to_a_change_with_its_stages_findings_and_timeline(browser, workspace):
    log_in(browser, workspace)
    assert browser.texts(".row .id") == ["#2", "#1"]
    assert "waiting for 1 of 1 approvals (dba)" in browser.text
    browser.follow("Orders get a discount")
    assert browser.path == "/changes/2"
    assert browser.texts(".stage-head b") == ["dev", "prod"]
    assert [tag for tag in browser.texts(".stage-head .tag") if not tag.startswith("risk")] == ["done", "waiting"]
    assert browser.texts(".step") == ["○ dba: 0 of 1"]
    assert browser.texts(".file h3") == ["migrations/V3__discount.sql"]
    assert [note.split(":")[0] for note in browser.texts(".note")] == ["warning naming-index", "error column-disallow-drop"]
    assert browser.texts(".note.waived") == [browser.texts(".note")[1]]
    assert browser.texts(".note.waived")[0].endswith("waived by dana: the address book has had the names since spring")
    rows = browser.texts(".sql tr")
    assert "naming-index" in rows[rows.index('10 CREATE INDEX "OrdersDiscount" ON orders (discount_cents);') + 1]
    assert "merged into main" in "\n".join(browser.texts(".events li"))
    browser.follow("naming-index")
    assert "What to do instead" in browser.text
    assert browser.complaints == []


def test_the_dba_approves_with_one_press(browser, workspace):
    site = log_in(browser, workspace)
    browser.open(f"{site}/changes/2")
    browser.press("Approve for prod")
    assert browser.path == "/changes/2"
    workspace.wait_change(2, "done")
    browser.open(f"{site}/changes/2")
    assert browser.texts(".step") == ["✓ dba: 1 of 1 · dana"]
    assert "discount_cents" in columns(workspace.targets["prod"], "orders")
    assert browser.complaints == []


def test_the_authors_own_approval_is_refused_on_a_page(browser, workspace):
    site = log_in(browser, workspace, "ana")
    browser.open(f"{site}/changes/2")
    browser.press("Approve for prod")
    assert "Not allowed" in browser.text
    assert "its author may not approve it" in browser.text
    assert "discount_cents" not in columns(workspace.targets["prod"], "orders")


def test_a_change_is_held_and_resumed(browser, workspace):
    site = log_in(browser, workspace)
    browser.open(f"{site}/changes/2")
    browser.driver.find_element("tag name", "summary").click()
    browser.fill("reason", "<b>freeze</b> & wait")
    browser.press("Hold")
    assert browser.path == "/changes/2"
    assert "Held by dana: <b>freeze</b> & wait" in browser.text
    assert workspace.change(2)["held"] is True
    browser.press("Resume")
    assert workspace.change(2)["held"] is False
    assert "Held by" not in browser.text
    assert browser.complaints == []


def test_a_failed_task_is_retried(browser, workspace):
    prod = workspace.targets["prod"]
    prod.execute("CREATE TABLE discount_grant (id INTEGER)")
    workspace.ok("approve", 2, who="dana")
    workspace.wait_stage(2, "prod", "failed")
    prod.execute("DROP TABLE discount_grant")
    site = log_in(browser, workspace)
    browser.open(f"{site}/changes/2")
    assert "failed" in browser.texts(".stage-head .tag")
    browser.press("Retry")
    assert browser.path == "/changes/2"
    workspace.wait_change(2, "done")
    assert "discount_cents" in columns(prod, "orders")


def test_a_target_shows_its_history_schema_and_the_difference_of_two_moments(browser, workspace):
    site = log_in(browser, workspace)
    browser.open(f"{site}/targets")
    browser.follow("dev")
    assert browser.path == "/targets/dev"
    assert browser.texts(".list td:nth-child(2)") == ["#2", "#1"]
    assert "create table discount_grant" in browser.texts("pre.schema")[0]
    browser.follow("→")
    assert "+ table discount_grant" in browser.texts(".diff div")
    assert "- column name: varchar(200) not null" in [line.strip() for line in browser.texts(".diff-removed")]
    browser.open(f"{site}/targets/dev")
    browser.press("Compare")
    assert "+ table discount_grant" in browser.texts(".diff div")
    assert browser.complaints == []


def pages(workspace):
    run = workspace.history("dev")[0]
    difference = f"/targets/dev/diff?from={run['before']}&to={run['after']}"
    return ["/changes", "/changes/1", "/changes/2", "/targets", "/targets/dev", difference, "/rules/naming-index", "/changes/99"]


def test_every_page_fits_its_window_and_is_readable_in_light_and_dark(seeing_browser, workspace, tmp_path):
    browser = seeing_browser
    site = log_in(browser, workspace)
    kept = pathlib.Path(os.environ.get("SLUICE_TEST_SCREENSHOTS", tmp_path))
    for number, page in enumerate(pages(workspace)):
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                browser.open(site + page)
                browser.show(width, scheme)
                assert browser.content_width() <= width, (page, width)
                for css in ("main h1", "header a", "footer"):
                    assert browser.contrast(css) >= 4.5, (page, scheme, css)
                browser.driver.save_screenshot(str(kept / f"{number}-{width}-{scheme}.png"))
    assert [text for text in browser.complaints if "404" not in text] == []


def test_words_in_pills_and_notes_are_readable_in_light_and_dark(seeing_browser, workspace):
    site = log_in(seeing_browser, workspace)
    seeing_browser.open(f"{site}/changes/2")
    for scheme in ("light", "dark"):
        seeing_browser.show(1280, scheme)
        for css in (".state-done", ".state-waiting", ".risk-high", ".risk-low", ".state-merged", ".note.warning b", ".note.warning a", ".note.waived", ".ln", "button.primary", "footer"):
            assert seeing_browser.contrast(css) >= 4.5, (scheme, css)


def test_a_page_and_its_data_say_the_same(seeing_browser, workspace):
    site = log_in(seeing_browser, workspace)
    for page in pages(workspace)[:6]:
        seeing_browser.open(site + page)
        (twin,) = seeing_browser.texts("footer a")
        seeing_browser.open(site + twin)
        assert seeing_browser.text.lstrip().startswith("{"), twin
