"""The address of a model on a hub: `hf://owner/name[@revision]`."""

import re

HUB_ADDRESS = re.compile(
    r"hf:/{1,2}(?P<owner>[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9])?)/(?P<name>[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9])?)"
    r"(?:@(?P<revision>[A-Za-z0-9](?:[\w.-]|/(?=[\w])){0,198}))?",
    re.A,
)
"""One slash after the scheme is enough, because a `pathlib.Path` drops the other."""
