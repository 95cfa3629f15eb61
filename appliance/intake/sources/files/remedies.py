"""What to do about files that cannot be read, where several parts say it."""

from __future__ import annotations

AGAIN = "Export it again, with readings in it."
COPY = "Copy or export it again, as a whole."
AS_TEXT = "Save it as CSV in UTF-8."
