"""Two questions that a load balancer asks every few seconds: is it alive, and is it ready?

Alive and not ready, it gets no requests for a while. Not alive, it is started again: so that
answer must not depend on the database, or a database that is away restarts every process.
"""

from fastapi import APIRouter, Request, status

from lesson_app.schemas.health import Health, Ready
from lesson_app.schemas.problem import Problem
from lesson_app.services.readiness import Readiness

router = APIRouter(tags=["operations"])


@router.get("/health")
async def check_health() -> Health:
    """Answer, and so show that the app is alive. The database is not asked."""
    return Health()


@router.get(
    "/ready",
    responses={
        status.HTTP_503_SERVICE_UNAVAILABLE: {
            "model": Problem,
            "description": "The parts that `detail` names do not answer, or the app is stopping",
        }
    },
)
async def check_readiness(request: Request) -> Ready:
    """Ask everything that the app needs: database, migrations, and Redis and broker if used."""
    readiness: Readiness = request.state.readiness
    await readiness.check()
    return Ready()
