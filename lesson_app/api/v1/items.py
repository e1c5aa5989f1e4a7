"""The items of the shop: create, list, read, change, delete."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status

from lesson_app.api.deprecation import Deprecation
from lesson_app.api.openapi import headers, problems
from lesson_app.api.preconditions import ExpectedVersions, set_etag
from lesson_app.core.exceptions import NotYourItem
from lesson_app.crud import item as item_crud
from lesson_app.crud import item_bulk, item_listing
from lesson_app.dependencies import CallerDep, CurrentUser, SessionDep
from lesson_app.schemas.fields import Id, Name
from lesson_app.schemas.item import ItemCreate, ItemOut, ItemPut, ItemsCreate, ItemUpdate
from lesson_app.schemas.item_query import OffsetItemQuery
from lesson_app.schemas.page import Page

router = APIRouter(
    prefix="/items", tags=["items"], responses=problems(status.HTTP_422_UNPROCESSABLE_CONTENT)
)

ItemId = Annotated[Id, Path(description="The id of an item.")]

LIST_DEPRECATION = Deprecation(
    since=datetime(2026, 12, 1, tzinfo=UTC),
    sunset=datetime(2027, 12, 1, tzinfo=UTC),
    successor="list_items_v2",
)


_ETAG = {"ETag": "The version of the item, for `If-Match`"}
_SHOWN = headers(_ETAG)
_CREATED = headers({**_ETAG, "Location": "The new item"})


async def check_owner(item_id: ItemId, session: SessionDep, caller: CallerDep) -> None:
    """Refuse to change what belongs to somebody else, unless an administrator asks."""
    item = await item_crud.get_item(session, item_id)
    if not caller.may_change(item.owner_id):
        raise NotYourItem(item_id)


OWNER_ONLY = Depends(check_owner)

_CHANGE_PROBLEMS = problems(
    status.HTTP_401_UNAUTHORIZED,
    status.HTTP_403_FORBIDDEN,
    status.HTTP_404_NOT_FOUND,
    status.HTTP_409_CONFLICT,
    status.HTTP_412_PRECONDITION_FAILED,
)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses={
        status.HTTP_201_CREATED: _CREATED,
        **problems(
            status.HTTP_401_UNAUTHORIZED, status.HTTP_403_FORBIDDEN, status.HTTP_409_CONFLICT
        ),
    },
)
async def create_item(
    data: ItemCreate,
    user: CurrentUser,
    session: SessionDep,
    request: Request,
    response: Response,
) -> ItemOut:
    """Put an item of your own up for sale. The `Location` header says where it is."""
    item = await item_crud.create_item(session, data, owner_id=user.id)
    response.headers["Location"] = request.url_for("read_item", item_id=item.id).path
    set_etag(response, item.version)
    return ItemOut.model_validate(item)


@router.post(
    "/bulk",
    status_code=status.HTTP_201_CREATED,
    responses=problems(
        status.HTTP_401_UNAUTHORIZED, status.HTTP_403_FORBIDDEN, status.HTTP_409_CONFLICT
    ),
)
async def create_items(data: ItemsCreate, user: CurrentUser, session: SessionDep) -> list[ItemOut]:
    """Put several items of your own up for sale: all of them, or none."""
    items = await item_bulk.create_items(session, data.items, owner_id=user.id)
    return [ItemOut.model_validate(item) for item in items]


@router.put(
    "/by-name/{name:path}",
    responses={
        status.HTTP_200_OK: {**_SHOWN, "description": "The item that was there was replaced"},
        status.HTTP_201_CREATED: {**_CREATED, "model": ItemOut, "description": "It is new"},
        **problems(status.HTTP_401_UNAUTHORIZED, status.HTTP_403_FORBIDDEN),
    },
)
async def put_item(
    name: Annotated[Name, Path(description="The name of an item of yours.")],
    data: ItemPut,
    user: CurrentUser,
    session: SessionDep,
    request: Request,
    response: Response,
) -> ItemOut:
    """Make your item of this name be what is sent, whether it exists or not.

    The same request twice has the same effect as once. So a shop can send its whole catalogue
    every night.
    """
    item, new = await item_bulk.put_item(session, user.id, name, data)
    if new:
        response.status_code = status.HTTP_201_CREATED
        response.headers["Location"] = request.url_for("read_item", item_id=item.id).path
    set_etag(response, item.version)
    return ItemOut.model_validate(item)


@router.get(
    "",
    deprecated=True,
    dependencies=[Depends(LIST_DEPRECATION)],
    responses={status.HTTP_200_OK: LIST_DEPRECATION.documented},
)
async def list_items(
    query: Annotated[OffsetItemQuery, Query()], session: SessionDep
) -> Page[ItemOut]:
    """List items, one page at a time. Use version 2, which stays fast far down the list."""
    items, total = await item_listing.list_items(session, query)
    return Page(
        items=[ItemOut.model_validate(item) for item in items],
        total=total,
        limit=query.limit,
        offset=query.offset,
    )


@router.get(
    "/{item_id}",
    responses={status.HTTP_200_OK: _SHOWN, **problems(status.HTTP_404_NOT_FOUND)},
)
async def read_item(item_id: ItemId, session: SessionDep, response: Response) -> ItemOut:
    """Show one item."""
    item = await item_crud.get_item(session, item_id)
    set_etag(response, item.version)
    return ItemOut.model_validate(item)


@router.patch(
    "/{item_id}",
    dependencies=[OWNER_ONLY],
    responses={status.HTTP_200_OK: _SHOWN, **_CHANGE_PROBLEMS},
)
async def update_item(
    item_id: ItemId,
    data: ItemUpdate,
    session: SessionDep,
    expected: ExpectedVersions,
    response: Response,
) -> ItemOut:
    """Change the fields that are sent; leave the others as they are.

    With `If-Match`, nobody's change in the meantime is overwritten: 412 says that the item is not
    as you saw it. 409 says that another change came in the same instant, or that a name is taken.
    """
    item = await item_crud.update_item(session, item_id, data, expected=expected)
    set_etag(response, item.version)
    return ItemOut.model_validate(item)


@router.delete(
    "/{item_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[OWNER_ONLY],
    responses=_CHANGE_PROBLEMS,
)
async def delete_item(item_id: ItemId, session: SessionDep, expected: ExpectedVersions) -> None:
    """Take an item out of the shop, unless it was sold before."""
    await item_crud.delete_item(session, item_id, expected=expected)
