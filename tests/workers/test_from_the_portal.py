"""What the portal starts where a broker is set up: workers add, re-index and delete."""

from __future__ import annotations

from pathlib import Path

import pytest
from deployment import Deployment, Words, until
from sqlalchemy import func, select, update

from ingest.catalogue.database import Database
from ingest.catalogue.tables import DocumentRow, PageRow
from ui.portal.background import BackgroundImporter
from workers.context import Context

pytestmark = pytest.mark.timeout(600)


def test_a_collection_is_added_reindexed_and_deleted_by_workers(
    deployment: Deployment, scans: Path, undisturbed: Words
) -> None:
    database = Database(deployment.settings.catalogue_url)
    with Context(deployment.settings) as context:
        importer = BackgroundImporter(context)
        importer.add("shown", [str(scans)])
        deployment.wait_for("shown")
        assert deployment.state("shown") == undisturbed

        collection = context.catalogue.collection("shown")
        assert collection is not None
        of_it = PageRow.document_id.in_(select(DocumentRow.id).where(DocumentRow.collection_id == collection.id))
        with database.write() as session:
            session.execute(update(PageRow).where(of_it).values(segmenter="of last year"))

        def still_old() -> int:
            with database.read() as session:
                old = select(func.count()).where(of_it, PageRow.segmenter == "of last year")
                return session.scalar(old) or 0

        assert still_old() == 6
        importer.reindex("shown")
        until(lambda: still_old() == 0, 300, deployment.logs)
        deployment.wait_for("shown")
        assert deployment.state("shown") == undisturbed

        importer.remove("shown")
        until(lambda: context.catalogue.collection("shown") is None, 300, deployment.logs)
        until(lambda: not any(activity.running for activity in importer.activities()), 60, deployment.logs)
        assert [activity.error for activity in importer.activities()] == [None]
        with database.read() as session:
            assert session.scalar(select(func.count()).where(of_it)) == 0
    database.close()
