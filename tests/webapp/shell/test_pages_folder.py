from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager

REASON = "Streamlit no longer runs a folder `pages` without the app: remove explorer.webapp.shell.pages_folder."


def test_streamlit_still_runs_a_folder_of_pages_without_the_app(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pages").mkdir()
    monkeypatch.setattr(PagesManager, "uses_pages_directory", None)
    PagesManager(str(tmp_path / "app.py"))
    assert PagesManager.uses_pages_directory, REASON
