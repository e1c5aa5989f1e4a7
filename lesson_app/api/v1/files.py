"""Uploaded files: send one, list your own, download with ranges, publish, delete."""

from collections.abc import AsyncGenerator
from typing import Annotated

from anyio import to_thread
from fastapi import (
    APIRouter,
    Depends,
    Header,
    HTTPException,
    Path,
    Request,
    Response,
    UploadFile,
    status,
)
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from starlette.datastructures import UploadFile as ReceivedFile
from starlette.requests import ClientDisconnect

from lesson_app.api.openapi import problems
from lesson_app.core.exceptions import StoredFileNotFound
from lesson_app.crud import stored_file as file_crud
from lesson_app.dependencies import (
    CallerDep,
    CurrentUser,
    FileStoreDep,
    OptionalCaller,
    PageDep,
    SessionDep,
    SettingsDep,
)
from lesson_app.schemas.fields import Id
from lesson_app.schemas.page import Page
from lesson_app.schemas.stored_file import FileOut, FileUpdate
from lesson_app.services import files

FORM_BYTES = 2**16
"""What a form may have around the file: boundaries, headers, a long name."""

router = APIRouter(
    prefix="/files",
    tags=["files"],
    responses=problems(
        status.HTTP_401_UNAUTHORIZED,
        status.HTTP_403_FORBIDDEN,
        status.HTTP_422_UNPROCESSABLE_CONTENT,
    ),
)

FileId = Annotated[Id, Path(description="The id of a file.")]

_NOT_FOUND = problems(status.HTTP_404_NOT_FOUND)

_FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "additionalProperties": False,
                "properties": {
                    "file": {"type": "string", "contentMediaType": "application/octet-stream"}
                },
            }
        }
    },
}


async def receive_upload(
    request: Request, user: CurrentUser, session: SessionDep
) -> AsyncGenerator[ReceivedFile]:
    """Receive the file of a form, after it is known who sends it.

    A parameter of type `UploadFile` is received before any dependency runs, so that strangers
    could fill the disk. What comes is kept in a temporary file, in memory up to a megabyte; that
    file has no name, and is gone when it is closed or the process dies.

    Raises:
        RequestValidationError: the form has no file called `file`.
        HTTPException: what came is no form (400), or ends before its end.
    """
    # The rest may take minutes; no connection of the database waits for a slow client.
    await session.commit()
    try:
        form = await request.form(max_files=1, max_fields=1, max_part_size=FORM_BYTES)
    except ClientDisconnect:
        # Nobody gets this answer. It keeps what is nobody's mistake out of the log of errors.
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "The upload broke off.") from None
    try:
        upload = form.get("file")
        if len(form) != 1 or not isinstance(upload, ReceivedFile) or _is_no_choice(upload):
            wanted = "Send one file, with a name, as 'file' in a multipart form, and nothing else."
            raise RequestValidationError(
                [{"loc": ("body", "file"), "msg": wanted, "type": "missing"}]
            )
        yield upload
    finally:
        await form.close()


def _is_no_choice(upload: ReceivedFile) -> bool:
    """Say whether this is what a browser sends when its user chose no file."""
    return not upload.filename and not upload.size


Upload = Annotated[UploadFile, Depends(receive_upload, scope="function")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    openapi_extra={"requestBody": _FORM},
    responses={
        status.HTTP_201_CREATED: {
            "headers": {"Location": {"description": "The new file", "schema": {"type": "string"}}}
        },
        **problems(
            status.HTTP_400_BAD_REQUEST,
            status.HTTP_413_CONTENT_TOO_LARGE,
            status.HTTP_415_UNSUPPORTED_MEDIA_TYPE,
        ),
    },
)
async def upload_file(
    upload: Upload,
    user: CurrentUser,
    session: SessionDep,
    store: FileStoreDep,
    settings: SettingsDep,
    request: Request,
    response: Response,
) -> FileOut:
    """Store a file. What it is, is told from its bytes; only some types are accepted."""
    stored = await files.store_file(
        session,
        store,
        upload.file,
        owner_id=user.id,
        name=upload.filename,
        max_bytes=settings.upload_max_bytes,
        accepted=settings.upload_types,
    )
    response.headers["Location"] = request.url_for("read_file", file_id=stored.id).path
    return FileOut.model_validate(stored)


@router.get("")
async def list_files(page: PageDep, user: CurrentUser, session: SessionDep) -> Page[FileOut]:
    """List your files, oldest first, one page at a time."""
    found, total = await file_crud.list_files(
        session, user.id, limit=page.limit, offset=page.offset
    )
    return Page(
        items=[FileOut.model_validate(one) for one in found],
        total=total,
        limit=page.limit,
        offset=page.offset,
    )


@router.get("/{file_id}", responses=_NOT_FOUND)
async def read_file(file_id: FileId, caller: CallerDep, session: SessionDep) -> FileOut:
    """Show what is known of one of your files. An administrator may see anybody's."""
    return FileOut.model_validate(await files.find_file(session, file_id, caller))


@router.patch("/{file_id}", responses=_NOT_FOUND)
async def update_file(
    file_id: FileId, data: FileUpdate, caller: CallerDep, session: SessionDep
) -> FileOut:
    """Publish one of your files, or take it back. An administrator may do so with anybody's."""
    stored = await files.find_file(session, file_id, caller)
    await files.publish_file(session, stored, is_public=data.is_public)
    return FileOut.model_validate(stored)


@router.delete("/{file_id}", status_code=status.HTTP_204_NO_CONTENT, responses=_NOT_FOUND)
async def delete_file(
    file_id: FileId, caller: CallerDep, session: SessionDep, store: FileStoreDep
) -> None:
    """Delete one of your files. An administrator may delete anybody's."""
    stored = await files.find_file(session, file_id, caller)
    await files.delete_file(session, store, stored)


# Asks how large a file is, and whether it has parts, before downloading it.
@router.head("/{file_id}/content", include_in_schema=False)
@router.get(
    "/{file_id}/content",
    response_class=FileResponse,
    responses={
        status.HTTP_200_OK: {
            "description": "The whole file",
            "content": {"*/*": {}},
        },
        status.HTTP_206_PARTIAL_CONTENT: {
            "description": "The part that `Range` asks for",
            "content": {"*/*": {}},
        },
        status.HTTP_304_NOT_MODIFIED: {"description": "The client has it: see `If-None-Match`"},
        **_NOT_FOUND,
        **problems(status.HTTP_400_BAD_REQUEST, status.HTTP_416_RANGE_NOT_SATISFIABLE),
    },
)
async def download_file(
    file_id: FileId,
    caller: OptionalCaller,
    session: SessionDep,
    store: FileStoreDep,
    if_none_match: Annotated[
        str | None, Header(max_length=1000, description="The `ETag` of what the client has.")
    ] = None,
) -> Response:
    """Download one of your files, or a public one of anybody, whole or in part."""
    stored = await files.find_file(session, file_id, caller, or_public=True)
    headers = {
        # The bytes of a file never change, so their hash is what tells them from others.
        "ETag": f'"{stored.sha256}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache" if stored.is_public else "private, no-cache",
    }
    if headers["ETag"] in (if_none_match or ""):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    path = store.path(stored.storage_name)
    # A response that finds no file is an answer 500.
    if not await to_thread.run_sync(path.is_file):
        raise StoredFileNotFound(file_id)
    return FileResponse(
        path,
        media_type=stored.media_type,
        filename=stored.original_name,
        # Saved and not shown: what a stranger uploaded never runs as a page of this shop.
        content_disposition_type="attachment",
        headers=headers,
    )
