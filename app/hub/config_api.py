"""What the hub is configured with, for whoever wants to compare: compiled, with references instead of secrets."""

from __future__ import annotations

from fastapi import APIRouter, Response

from app.hub.state import HubState


def config_router(state: HubState) -> APIRouter:
    """`/api/v1/config`."""
    router = APIRouter()

    @router.get("/api/v1/config")
    async def config() -> Response:
        return Response(state.compiled, media_type="application/json")

    return router
