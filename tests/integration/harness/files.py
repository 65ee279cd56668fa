"""Folders of migrations."""


def write(folder, files):
    """The folder, with these texts by name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder
