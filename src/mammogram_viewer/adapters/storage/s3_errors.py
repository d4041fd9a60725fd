"""What S3 answers, as our errors. A detail names the mend and S3's own code, never the answer itself: S3 quotes the
access key, the signed request and keys of patients' files in it."""

from __future__ import annotations

import logging
import re

from obstore.exceptions import BaseError

from mammogram_viewer.adapters.storage.port import FILE_MISSING, STORAGE_UNAVAILABLE
from mammogram_viewer.foundation.errors import MammogramViewerError, NotFound, StorageFull, Unavailable

log = logging.getLogger(__name__)
S3_ERRORS = (BaseError, FileNotFoundError)  # obstore raises the builtin one for 404
_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_STATUS = re.compile(r"non-2xx status code: (\d{3})")
_AGAIN_SECONDS = 5

_FULL = {"QuotaExceeded", "InsufficientStorage", "StorageFull", "XMinioStorageFull", "EntityQuotaExceeded"}
_BUSY = {"SlowDown", "ServiceUnavailable", "RequestLimitExceeded", "TooManyRequests", "Throttling"}
_CREDENTIALS = {
    "AccessDenied",
    "AccountProblem",
    "AllAccessDisabled",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
}
_REGION = {"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"}
_RIGHTS = "s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload and s3:ListBucket"


def file_missing() -> NotFound:
    """No object under this key."""
    return NotFound("The file is not in storage.", code=FILE_MISSING)


def unavailable(detail: str) -> Unavailable:
    """S3 is not there, or not for us."""
    return Unavailable(detail, code=STORAGE_UNAVAILABLE, retry_after_seconds=_AGAIN_SECONDS)


def translated(problem: Exception, operation: str) -> MammogramViewerError:
    """NotFound, StorageFull or Unavailable. The log gets S3's code and status, and nothing else of the answer."""
    text = str(problem)
    found = _CODE.search(text)
    code = found[1] if found else ""
    found = _STATUS.search(text)
    status = int(found[1]) if found else 0
    if code == "NoSuchKey" or (status == 404 and not code):
        return file_missing()
    log.warning("s3_refused", extra={"operation": operation, "s3_code": code, "http_status": status})
    told = code or (f"status {status}" if status else "no answer")
    if code in _FULL or status == 507:
        return StorageFull(f"Storage is full ({told}); nothing was kept. Raise the quota of the bucket, or free space.")
    return unavailable(_mend(code, status, told))


def _mend(code: str, status: int, told: str) -> str:
    if code == "NoSuchBucket":
        return "The bucket of STORAGE_URL does not exist (NoSuchBucket): create it, or correct STORAGE_URL."
    if code == "RequestTimeTooSkewed":
        return "S3 refuses requests because this machine's clock is wrong (RequestTimeTooSkewed): set it."
    if code in _REGION or status in (301, 307):
        return f"The bucket of STORAGE_URL lies in another region ({told}): correct AWS_REGION."
    if code in _CREDENTIALS or status in (401, 403):
        return (
            f"S3 refuses the credentials ({told}): check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that they "
            f"allow {_RIGHTS} on the bucket of STORAGE_URL."
        )
    if code in _BUSY or status in (429, 503):
        return f"S3 asks us to slow down ({told}); nothing was lost. Try again, or lower MAMMOGRAM_VIEWER_S3_TRANSFERS."
    if status:
        return f"S3 did not do what it was asked ({told}); nothing was lost. `mammogram-viewer doctor` says more."
    return (
        "S3 does not answer; nothing was lost. Check the network, AWS_ENDPOINT_URL, and that credentials are set: "
        "`mammogram-viewer doctor`."
    )
