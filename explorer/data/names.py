"""How data sets are named: by a word, by a path, or by their id on the Hugging Face Hub.

``hf:OWNER/NAME`` is a data set of the Hub, ``hf:OWNER/NAME:CONFIG`` one of its configurations. An id may come from
anywhere, a link included: it has to follow the Hub's own rules, so that it can be neither a path nor an address.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from explorer.errors import ExplorerError

__all__ = [
    "BUILTIN",
    "HUB_PREFIX",
    "HubName",
    "dataset_name",
    "dataset_stem",
    "distinct_names",
    "is_hub_spec",
    "parse_hub_spec",
]

BUILTIN = {
    "photos": "Photos",
    "leaves": "Dead leaves",
    "digits": "Digits",
    "disks": "Disks",
    "c-alpha": "C-alpha images",
}
"""Name of each built-in data set -> what people call it."""

HUB_PREFIX = "hf:"

_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")  # of an id: what huggingface_hub accepts
_CONFIG = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9 ._+=(),-]{0,94}[A-Za-z0-9_+)])?")


class HubName(NamedTuple):
    """A data set of the Hub.

    Attributes:
        owner: a user or an organization.
        name: of the data set.
        config: one of its configurations; empty for its default one.
    """

    owner: str
    name: str
    config: str

    @property
    def repo(self) -> str:
        """``OWNER/NAME``."""
        return f"{self.owner}/{self.name}"

    @property
    def spec(self) -> str:
        """``hf:OWNER/NAME`` or ``hf:OWNER/NAME:CONFIG``."""
        return f"{HUB_PREFIX}{self.repo}" + (f":{self.config}" if self.config else "")


def is_hub_spec(spec: str) -> bool:
    """Whether a data set is named by its id on the Hub."""
    return spec.startswith(HUB_PREFIX)


def parse_hub_spec(spec: str) -> HubName:
    """Take ``hf:OWNER/NAME`` or ``hf:OWNER/NAME:CONFIG`` apart.

    Raises:
        ExplorerError: it is something else, or the id breaks the rules of the Hub.

    Examples:
        >>> parse_hub_spec("hf:ylecun/mnist").repo
        'ylecun/mnist'
    """
    repo, colon, config = spec.removeprefix(HUB_PREFIX).partition(":")
    owner, _, name = repo.partition("/")
    parts_are_right = all(
        _PART.fullmatch(part) and "--" not in part and ".." not in part and not part.endswith(".git")
        for part in (owner, name)
    )
    config_is_right = not colon or (_CONFIG.fullmatch(config) and ".." not in config)
    if not is_hub_spec(spec) or not parts_are_right or not config_is_right or len(repo) > 96:
        raise ExplorerError(
            f"{spec[:120]!r} is not the name of a data set of the Hugging Face Hub. "
            "Write hf:OWNER/NAME or hf:OWNER/NAME:CONFIG, as in hf:ylecun/mnist."
        )
    return HubName(owner, name, config)


def dataset_name(spec: str) -> str:
    """What a data set is called wherever it lies: never a path of this machine, and never the name of a built-in one
    that it is not.

    Examples:
        >>> dataset_name("/data/birds"), dataset_name("/data/photos"), dataset_name("photos")
        ('birds', 'data/photos', 'photos')
    """
    if is_hub_spec(spec) or spec in BUILTIN:
        return spec
    path = Path(spec)
    return f"{path.parent.name or '.'}/{path.name}" if path.name in BUILTIN else path.name


def distinct_names(paths: Iterable[Path], taken: Collection[str]) -> dict[Path, str]:
    """A name for each path: its last part, and as many of those before it as tell it from the others.

    Args:
        paths: absolute ones, no two the same.
        taken: names that something else has.

    Examples:
        >>> distinct_names([Path("/a/birds"), Path("/b/birds"), Path("/b/cats")], ()).values()
        dict_values(['cats', 'a/birds', 'b/birds'])
    """
    names: dict[Path, str] = {}
    rest, length = list(paths), 1
    while rest:
        ends = {path: "/".join(path.parts[-length:]) for path in rest}
        times = Counter(ends.values())
        names |= {path: end for path, end in ends.items() if times[end] == 1 and end not in taken}
        rest = [path for path in rest if path not in names]
        length += 1
    return names


def dataset_stem(spec: str) -> str:
    """The beginning of a name for what is made from a data set.

    Examples:
        >>> dataset_stem("hf:ufldl-stanford/svhn:full_numbers")
        'svhn-full_numbers'
    """
    if not is_hub_spec(spec):
        return Path(spec).stem
    hub = parse_hub_spec(spec)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{hub.name}-{hub.config}").strip("-")
