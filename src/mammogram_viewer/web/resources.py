"""What every request may need, opened once a process by `cli/compose.py`."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg
from redis.asyncio import Redis

from mammogram_viewer.activity.reads import ReadDatabase
from mammogram_viewer.activity.views import ViewTracker
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.analytics.live import LiveHub
from mammogram_viewer.analytics.report import Reports
from mammogram_viewer.analytics.service import AnalyticsService
from mammogram_viewer.archive.rendition_links import RenditionLinks
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake.archives import ArchiveOpener
from mammogram_viewer.intake.receive import Intake
from mammogram_viewer.intake.resumable import ResumableUploads
from mammogram_viewer.jobs.control import QueueControl
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.jobs.stats import QueueStats
from mammogram_viewer.jobs.wakeup import WakeUp
from mammogram_viewer.notifications.hub import EventHub
from mammogram_viewer.notifications.preferences import WebhookTrial
from mammogram_viewer.operations.metrics import Metrics
from mammogram_viewer.operations.queues import QueueOffice


@dataclass(frozen=True, kw_only=True)
class Resources:
    settings: Settings
    db: asyncpg.Pool
    read_db: ReadDatabase
    view_tracker: ViewTracker
    redis_client: Redis
    storage: Storage
    rendition_links: RenditionLinks
    wake_up: WakeUp
    queue: QueueService
    queue_control: QueueControl
    queue_stats: QueueStats
    queue_office: QueueOffice
    metrics: Metrics
    intake: Intake
    archives: ArchiveOpener
    resumable: ResumableUploads
    events: EventHub
    webhook_trial: WebhookTrial
    analytics: AnalyticsService
    analytics_live: LiveHub
    reports: Reports
