"""Every setting, once: its environment name, default, unit and sentence. `cli` makes one frozen object at the
start and passes it in; nothing else reads the environment. `docs/settings.md` is checked against this file."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mammogram_viewer.foundation.errors import StartupProblem

PREFIX = "MAMMOGRAM_VIEWER_"
TEST_PREFIX = PREFIX + "TEST_"  # used by the tests themselves; no settings
MIB = 1024 * 1024


def _setting(default: Any, doc: str, *, env: str | None = None) -> Any:
    """A field that knows its environment name (`PREFIX` + field name unless given) and its documentation."""
    return field(default=default, metadata={"env": env, "doc": doc})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of one process. Limits carry their unit last in the name."""

    data_dir: Path = _setting(
        Path("data"), "Folder of embedded servers, spool, local storage and logs.", env="DATA_DIR"
    )
    database_url: str = _setting(
        "", "PostgreSQL 14 or later; empty: an embedded one under DATA_DIR.", env="DATABASE_URL"
    )
    database_replica_url: str = _setting(
        "",
        "A streaming replica (hot standby) of that PostgreSQL, for reads that may lag, such as the gallery's list; "
        "empty: none. docs/caching.md tells what it takes over.",
        env="DATABASE_REPLICA_URL",
    )
    redis_url: str = _setting("", "Redis 6.2 or later; empty (and no REDIS_HOST): an embedded one.", env="REDIS_URL")
    redis_host: str = _setting("", "Host of Redis, when REDIS_URL is not set.", env="REDIS_HOST")
    redis_port: int = _setting(6379, "Port of Redis, with REDIS_HOST.", env="REDIS_PORT")
    storage_url: str = _setting(
        "",
        "`file:///…`, or `s3://bucket/prefix` with the usual `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, "
        "`AWS_REGION` and, for stores other than Amazon's, `AWS_ENDPOINT_URL`; empty: DATA_DIR/storage.",
        env="STORAGE_URL",
    )
    host: str = _setting(
        "127.0.0.1", "Address to listen on. Wider than loopback only once an administrator exists.", env="HOST"
    )
    port: int = _setting(3000, "Port of the API and the page.", env="PORT")
    postgres_bin_dir: str = _setting(
        "", "Folder with `postgres` and `initdb`; empty: the packaged ones, else Debian's."
    )
    log_level: str = _setting("info", "debug, info, warning or error.")
    public_url: str = _setting("", "Address that people type (https://…), when it differs from HOST and PORT.")
    public_rendition_base_url: str = _setting(
        "",
        "Address of a CDN or nginx before us (https://…) that serves thumbnails and pictures by signed, expiring "
        "links; empty: they come from here, by session. docs/caching.md tells what that means.",
        env="PUBLIC_RENDITION_BASE_URL",
    )

    # Analytics
    time_zone: str = _setting(
        "UTC", "IANA name of the zone whose days analytics shows unless a reader asks for another (Europe/Berlin)."
    )
    analytics_max_days: int = _setting(1100, "Longest range that analytics answers for, days.")
    activity_metadata_max_bytes: int = _setting(16 * 1024, "Largest metadata of one tracked activity, as JSON, bytes.")
    fold_interval_seconds: float = _setting(
        1.0, "Pause between two runs that move what happened into the roll-ups, seconds."
    )
    analytics_upkeep_seconds: int = _setting(
        3600, "Time between two looks for days without statistics and months to be archived, seconds."
    )
    activity_archive_days: int = _setting(
        90,
        "Raw activities of months that ended so long ago go into compressed files of storage, days; 0: never. "
        "docs/analytics.md tells more.",
    )
    csv_streams: int = _setting(
        2, "CSV exports of activities at once in one process; each holds a connection to the database."
    )
    csv_export_seconds: float = _setting(3600.0, "Longest CSV export of activities, seconds.")
    installation_name: str = _setting("", "Name of this installation on reports, as in `Breast Centre North`.")
    report_seconds: float = _setting(30.0, "Longest making of one PDF report, seconds.")
    report_monthly: bool = _setting(
        False, "Whether administrators get last month's report by e-mail; each may refuse it. Needs a mail server."
    )

    view_flush_seconds: float = _setting(1.0, "Views wait in memory for at most this long before a write, seconds.")
    view_flush_events: int = _setting(5_000, "So many openings and heartbeats are written at once, without a wait.")
    view_buffer_events: int = _setting(
        20_000, "Openings and heartbeats that may wait in memory of one process; further ones are dropped and counted."
    )
    view_keep_seconds: float = _setting(
        300.0, "While the database cannot take views, they wait in memory for this long, then are dropped, seconds."
    )
    view_continues_seconds: int = _setting(
        1800, "The same person at the same image within this time goes on with a view, seconds."
    )

    # Imaging quality
    quality_points_max: int = _setting(2000, "Most exposures drawn as points of one chart; above it a fixed sample.")
    quality_csv_seconds: float = _setting(300.0, "Longest CSV export of single exposures, seconds.")
    quality_csv_streams: int = _setting(
        2, "CSV exports of single exposures at once in one process; each holds a connection to the database."
    )
    quality_curves_max: int = _setting(8, "Most reference curves of dose.")
    quality_curve_points_max: int = _setting(50, "Most points of one reference curve.")

    # Intake
    max_upload_bytes: int = _setting(2048 * MIB, "Largest single file, bytes.")
    max_files_per_request: int = _setting(10_000, "Most files in one multipart request.")
    max_request_bytes: int = _setting(16_384 * MIB, "Largest multipart request in all, bytes.")
    min_free_bytes: int = _setting(512 * MIB, "Uploads answer 507 when storage has less free space, bytes.")
    unpack_wall_seconds: float = _setting(120.0, "Wall time of the child that unpacks one ZIP archive, seconds.")
    spool_max_age_seconds: int = _setting(3600, "Spool files older than this are swept, seconds.")

    # Resumable uploads
    resumable_folder: str = _setting(
        "",
        "Folder of unfinished resumable uploads, which several API machines may share; empty: DATA_DIR/resumable.",
    )
    resumable_expiry_seconds: int = _setting(
        3 * 24 * 3600, "An unfinished resumable upload is removed after this long without a byte, seconds."
    )
    resumable_uploads_per_user: int = _setting(100, "Unfinished resumable uploads one user may have.")
    resumable_bytes_per_user: int = _setting(
        65_536 * MIB, "Announced bytes of all unfinished resumable uploads of one user, bytes."
    )
    resumable_idle_seconds: float = _setting(
        20.0, "A request that sends no byte for this long is cut off; what came before it is kept, seconds."
    )

    sweep_interval_seconds: int = _setting(3600, "Time between two looks for files that no row speaks of, seconds.")
    verify_interval_seconds: int = _setting(86_400, "Time between two runs that check originals, seconds.")
    verify_originals_per_run: int = _setting(2_000, "Originals whose digests one such run checks.")
    quarantine_days: float = _setting(30.0, "Originals that no row speaks of are kept aside for this long, days.")

    # Bulk acts, deletion with undo, exports
    bulk_things: int = _setting(10_000, "Most images or users that one bulk act may name.")
    delete_undo_seconds: float = _setting(
        60.0, "A deleted image can be brought back for this long, then its files go, seconds."
    )
    export_images: int = _setting(10_000, "Most images of one ZIP export.")
    export_bytes: int = _setting(102_400 * MIB, "Largest ZIP export: originals in all, bytes.")
    export_ticket_seconds: int = _setting(3600, "A ZIP export can be downloaded for this long, seconds.")
    export_tickets_per_user: int = _setting(20, "ZIP exports one user may have prepared; the oldest goes first.")
    export_streams_per_user: int = _setting(3, "ZIP exports one user may download at once from one process.")
    export_stall_seconds: float = _setting(
        60.0, "A ZIP export whose reader takes nothing for this long is cut off, seconds."
    )

    # Storage on S3
    s3_request_seconds: float = _setting(60.0, "Longest single request to S3, of one part of a file, seconds.")
    s3_connect_seconds: float = _setting(5.0, "Longest wait for a connection to S3, seconds.")
    s3_retries: int = _setting(5, "How often a request to S3 is repeated after no answer, 5xx or 'slow down'.")
    s3_retry_seconds: float = _setting(30.0, "No request to S3 is repeated after this long, seconds.")
    s3_transfers: int = _setting(4, "Whole files on their way to or from S3 at once in one process.")
    s3_adopt_seconds: float = _setting(
        1800.0, "All files of one request are in S3 within this time, or it is refused, seconds; less than 3000."
    )
    s3_part_bytes: int = _setting(
        8 * MIB, "Files larger than this are sent and fetched in parts of this size, bytes; at least 5 MiB."
    )

    # Database
    database_pool_size: int = _setting(10, "Connections each process may hold; at least 2.")
    replica_max_lag_seconds: float = _setting(
        5.0,
        "A replica that is further behind is not asked, and whoever has changed something reads from the primary for "
        "twice as long, seconds.",
    )
    replica_timeout_seconds: float = _setting(
        10.0, "Longest question to the replica; then the primary is asked, seconds."
    )

    # Signed links to renditions
    rendition_link_seconds: int = _setting(
        8 * 3600, "A signed link lives at least this long and at most twice as long, seconds."
    )
    rendition_shared_seconds: int = _setting(
        300, "A CDN or nginx may serve what it keeps for this long before it asks us again, seconds."
    )

    # Jobs
    dicom_conversion_concurrency: int = _setting(3, "Jobs of `dicom-conversion` at once in one worker.")
    thumbnail_concurrency: int = _setting(5, "Jobs of `thumbnail` at once in one worker.")
    decoder_processes: int = _setting(0, "Disposable decoder children at once; 0: one a core.")
    job_attempts: int = _setting(3, "Attempts for storage, database and unexpected failures.")
    decoder_attempts: int = _setting(2, "Attempts when a decoder crashes or times out.")
    job_interruptions: int = _setting(10, "Attempts lost with a dying worker before a job is failed.")
    job_backoff_ms: int = _setting(1000, "First delay of the exponential back-off, milliseconds.")
    maintenance_backoff_ms: int = _setting(
        10_000, "The same for the queue `maintenance`, webhook calls and e-mails among it, milliseconds."
    )
    enqueue_timeout_seconds: float = _setting(2.0, "Longest wait for Redis after an upload, seconds.")
    reconcile_interval_seconds: float = _setting(10.0, "Time between two walks of the reconciler, seconds.")
    reconcile_untouched_seconds: float = _setting(
        30.0, "Unfinished jobs untouched for this long are looked up in Redis, seconds."
    )
    job_lock_ms: int = _setting(8_000, "BullMQ lock of a running job, milliseconds.")
    job_stalled_interval_ms: int = _setting(2_000, "Time between BullMQ's searches for stalled jobs, milliseconds.")
    worker_grace_seconds: float = _setting(20.0, "Time a worker gets to finish on SIGTERM, seconds.")

    # The gate and the child: budgets, checked before anything is decoded
    child_memory_bytes: int = _setting(2048 * MIB, "Address space of one decoder child, bytes.")
    child_wall_seconds: float = _setting(15.0, "Wall time of one decoder child, seconds.")
    child_multiframe_wall_seconds: float = _setting(30.0, "Wall time for multi-frame objects, seconds.")
    confine_decoders: str = _setting(
        "auto",
        "How decoder children are confined: `auto` by what this kernel offers, `require` refuses to start without "
        "seccomp and Landlock, `off` not at all.",
    )
    max_megapixels: int = _setting(64, "Largest frame, megapixels.")
    max_frames: int = _setting(512, "Most frames in one object.")
    max_elements: int = _setting(100_000, "Most data elements in one header.")
    max_nesting: int = _setting(64, "Deepest nesting of sequences.")
    max_inflated_bytes: int = _setting(1024 * MIB, "Largest deflated data set after inflation, bytes.")
    max_tiles: int = _setting(16_384, "Most tiles, and parts of them, of one JPEG 2000 frame.")
    max_packets: int = _setting(4_000_000, "Most packets (layers, resolutions, precincts) of one JPEG 2000 frame.")

    # Accounts
    registration: bool = _setting(True, "Whether strangers may ask for an account (it starts as pending).")
    password_min_length: int = _setting(12, "Shortest password, characters.")
    session_idle_seconds: int = _setting(8 * 3600, "A session ends after this long without a request, seconds.")
    session_absolute_seconds: int = _setting(7 * 24 * 3600, "A session ends after this long in any case, seconds.")
    setup_link_seconds: int = _setting(24 * 3600, "Life of the one-time set-up link, seconds.")
    login_attempts_per_minute: int = _setting(10, "Sign-in attempts a minute for one account and one address.")
    register_attempts_per_hour: int = _setting(20, "Registrations an hour from one address.")
    login_failures_per_hour: int = _setting(
        100,
        "Failed sign-ins an hour at one account, from everywhere, before unknown networks are slowed down.",
    )
    address_login_failures_per_minute: int = _setting(
        50, "Failed sign-ins a minute from one address, at whatever accounts."
    )
    password_hashes_waiting: int = _setting(200, "Password checks that may wait for their turn in one process.")
    max_pending_users: int = _setting(1000, "Registrations that may await approval at once.")
    sessions_per_user: int = _setting(50, "Sessions one user may have; the oldest ends first.")
    api_tokens_per_user: int = _setting(100, "API tokens one user may have.")

    # Exams
    exam_suggestion_days: float = _setting(
        1.0, "Studies of one patient taken within this time are suggested as one exam, days."
    )
    exam_suggestion_minutes: float = _setting(
        15.0, "Studies that one person sends within this time are suggested as one exam, minutes."
    )
    exam_count_limit: int = _setting(10_000, "Exams are counted up to this number; beyond it a count says so.")
    exam_images: int = _setting(2_000, "Most images that the page of one exam gets at once.")
    exam_members: int = _setting(50, "Most studies in one exam.")

    # Viewer
    viewing_images: int = _setting(200, "Most images of an exam that the viewer gets at once.")
    viewing_priors: int = _setting(20, "Most earlier exams of the same patient that the viewer offers.")
    viewing_grey_scale_bytes: int = _setting(
        4 * 1024 * 1024, "Grey scales that come with an exam, all together; further ones are asked for apart, bytes."
    )
    reading_images: int = _setting(50, "Most images side by side whose reading time is told at once.")
    dicom_json_bytes: int = _setting(
        32 * 1024 * 1024, "Longest DICOM header that is held in memory; of a longer one the essentials are told, bytes."
    )
    frame_reading_seconds: float = _setting(
        300.0, "Further requests for frames of an image are part of the same look at it for this long, seconds."
    )

    # Annotations
    annotations_per_image: int = _setting(1_000, "Most annotations of one image, everybody's together.")
    annotation_text_characters: int = _setting(2_000, "Longest text of one annotation, characters.")
    annotation_points: int = _setting(2_000, "Most points of one freehand annotation.")
    viewer_preferences_bytes: int = _setting(
        16 * 1024, "Longest preferences of the viewer that one user may keep, bytes of JSON."
    )

    # Notifications
    event_heartbeat_seconds: float = _setting(
        15.0, "Pause between two heartbeats of an event stream; each looks whether its session still lives, seconds."
    )
    event_streams_per_user: int = _setting(20, "Event streams that one user may hold open in one process.")
    event_backlog: int = _setting(1000, "Events that may wait for a slow reader before it is cut off.")
    notification_digest_seconds: float = _setting(
        60.0, "Within this time one webhook call or e-mail tells everything that has ended, seconds."
    )
    delivery_attempts: int = _setting(4, "Attempts of one webhook call or e-mail.")
    delivery_timeout_seconds: float = _setting(5.0, "Longest attempt of one webhook call or e-mail, seconds.")
    webhook_private: bool = _setting(
        False,
        "Whether webhooks may lead to loopback, private and link-local addresses, and by plain http. Whoever may sign "
        "in can then make this server send requests into the network that it stands in.",
    )
    smtp_host: str = _setting("", "Mail server that takes our e-mails; empty: none are sent.")
    smtp_port: int = _setting(587, "Port of the mail server.")
    smtp_tls: str = _setting("starttls", "How the mail server is spoken to: `starttls`, `tls` (port 465) or `none`.")
    smtp_user: str = _setting("", "User at the mail server; empty: no sign-in there.")
    smtp_password: str = _setting("", "Password at the mail server.")
    smtp_from: str = _setting("", "Sender's address of our e-mails, as in `mammograms@clinic.example`.")

    @property
    def spool_dir(self) -> Path:
        return self.data_dir / "spool"

    @property
    def resumable_dir(self) -> Path:
        return Path(self.resumable_folder) if self.resumable_folder else self.data_dir / "resumable"

    @property
    def storage_dir(self) -> Path:
        """The local storage folder; STORAGE_URL=file:///… moves it. Nobody uses it when storage is on S3."""
        if self.storage_url.startswith("file://"):
            return Path(self.storage_url.removeprefix("file://"))
        return self.data_dir / "storage"

    @property
    def storage_on_s3(self) -> bool:
        return self.storage_url.startswith("s3://")

    @property
    def logs_dir(self) -> Path:
        return self.data_dir / "logs"

    @property
    def sends_email(self) -> bool:
        return bool(self.smtp_host and self.smtp_from)

    @property
    def embedded_postgres(self) -> bool:
        return not self.database_url

    @property
    def embedded_redis(self) -> bool:
        return not (self.redis_url or self.redis_host)


def environment_name(setting: dataclasses.Field[Any]) -> str:
    """The environment variable of one field of `Settings`."""
    return setting.metadata["env"] or PREFIX + setting.name.upper()


def default_data_dir() -> Path:
    """`./data` in a checkout; once installed the user's data folder, for root /var/lib/mammogram-viewer."""
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "pyproject.toml").is_file() and (checkout / "Makefile").is_file():
        return checkout / "data"
    if os.geteuid() == 0:
        return Path("/var/lib/mammogram-viewer")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "mammogram-viewer"


def read_dotenv(path: Path) -> dict[str, str]:
    """`NAME=value` lines of a `.env`; quotes around the value and `#` comment lines are dropped."""
    values: dict[str, str] = {}
    if not path.is_file():
        return values
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            values[name.strip()] = value.strip().strip("\"'")
    return values


def load_settings(environ: Mapping[str, str], dotenv: Path | None = None) -> Settings:
    """Settings from the environment over `.env` over defaults; a value that cannot be read is a StartupProblem."""
    values = {**(read_dotenv(dotenv) if dotenv else {}), **environ}
    chosen: dict[str, Any] = {"data_dir": default_data_dir()}
    known = set()
    for setting in dataclasses.fields(Settings):
        name = environment_name(setting)
        known.add(name)
        if values.get(name, "") != "":
            chosen[setting.name] = _parse(name, values[name], type(setting.default))
    unknown = sorted(n for n in values if n.startswith(PREFIX) and not n.startswith(TEST_PREFIX) and n not in known)
    if unknown:
        raise StartupProblem(f"{unknown[0]} is not a setting. docs/settings.md lists all of them.")
    chosen["data_dir"] = Path(chosen["data_dir"]).expanduser().absolute()
    settings = Settings(**chosen)
    _check_storage(settings)
    _check_mail(settings)
    _check_reading(settings)
    if settings.database_pool_size < 2:
        # The reconciler holds one connection by its lock while it works with another.
        raise StartupProblem(f"{PREFIX}DATABASE_POOL_SIZE={settings.database_pool_size} is too small; at least 2.")
    return settings


def _check_storage(settings: Settings) -> None:
    if settings.storage_url and not re.fullmatch(r"file:///.*|s3://[a-z0-9][a-z0-9.-]+[^?#@:]*", settings.storage_url):
        raise StartupProblem("STORAGE_URL must be file:///FOLDER or s3://BUCKET/PREFIX; credentials go into AWS_….")
    # After an hour a file without a row counts as lost, and S3 counts from the beginning of an upload in parts.
    if settings.s3_adopt_seconds >= 3000:
        raise StartupProblem(f"{PREFIX}S3_ADOPT_SECONDS is too large; it must be less than 3000.")
    if settings.s3_part_bytes < 5 * MIB:
        raise StartupProblem(f"{PREFIX}S3_PART_BYTES is too small; S3 takes parts of 5 MiB or more.")


def _check_mail(settings: Settings) -> None:
    if settings.smtp_tls not in ("starttls", "tls", "none"):
        raise StartupProblem(f"{PREFIX}SMTP_TLS must be starttls, tls or none.")
    if settings.smtp_host and not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", settings.smtp_from):
        raise StartupProblem(f"{PREFIX}SMTP_FROM must be an e-mail address when {PREFIX}SMTP_HOST is set.")


def _check_reading(settings: Settings) -> None:
    if settings.database_replica_url and not settings.database_replica_url.startswith(("postgresql://", "postgres://")):
        raise StartupProblem("DATABASE_REPLICA_URL must be postgresql://USER@HOST/DATABASE.")
    base = settings.public_rendition_base_url
    if base and not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?", base):
        raise StartupProblem("PUBLIC_RENDITION_BASE_URL must be https://HOST, with a port and a path if need be.")
    for name in ("replica_max_lag_seconds", "replica_timeout_seconds", "rendition_link_seconds"):
        if getattr(settings, name) <= 0:
            raise StartupProblem(f"{PREFIX}{name.upper()} must be more than 0.")


def _parse(name: str, text: str, kind: type) -> Any:
    try:
        if kind is bool:
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
        if issubclass(kind, Path):
            return Path(text)
        return kind(text)
    except (ValueError, KeyError):
        raise StartupProblem(
            f"{name}={text!r} cannot be read as {kind.__name__}. docs/settings.md says what it takes."
        ) from None
