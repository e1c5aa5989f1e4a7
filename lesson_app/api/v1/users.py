"""Accounts: one's own, and all of them for administrators."""

from typing import Annotated

from fastapi import APIRouter, Path, status

from lesson_app.api.openapi import problems
from lesson_app.crud import user as user_crud
from lesson_app.dependencies import AdminUser, CurrentUser, PageDep, SessionDep
from lesson_app.schemas.fields import Id
from lesson_app.schemas.page import Page
from lesson_app.schemas.user import AccessUpdate, ProfileUpdate, UserOut
from lesson_app.services import accounts

router = APIRouter(
    prefix="/users",
    tags=["users"],
    responses=problems(
        status.HTTP_401_UNAUTHORIZED,
        status.HTTP_403_FORBIDDEN,
        status.HTTP_422_UNPROCESSABLE_CONTENT,
    ),
)

UserId = Annotated[Id, Path(description="The id of a user.")]


# Before /{user_id}, which would take "me" for an id.
@router.get("/me")
async def read_me(user: CurrentUser) -> UserOut:
    """Show your own account."""
    return UserOut.model_validate(user)


@router.patch("/me")
async def update_me(data: ProfileUpdate, user: CurrentUser, session: SessionDep) -> UserOut:
    """Change your own account."""
    for field, value in data.model_dump().items():
        setattr(user, field, value)
    await session.flush()
    return UserOut.model_validate(user)


@router.get("")
async def list_users(page: PageDep, admin: AdminUser, session: SessionDep) -> Page[UserOut]:
    """List all accounts, oldest first, one page at a time. For administrators."""
    users, total = await user_crud.list_users(session, limit=page.limit, offset=page.offset)
    return Page(
        items=[UserOut.model_validate(user) for user in users],
        total=total,
        limit=page.limit,
        offset=page.offset,
    )


@router.get("/{user_id}", responses=problems(status.HTTP_404_NOT_FOUND))
async def read_user(user_id: UserId, admin: AdminUser, session: SessionDep) -> UserOut:
    """Show one account. For administrators."""
    return UserOut.model_validate(await user_crud.get_user(session, user_id))


@router.patch("/{user_id}", responses=problems(status.HTTP_404_NOT_FOUND, status.HTTP_409_CONFLICT))
async def update_user(
    user_id: UserId, data: AccessUpdate, admin: AdminUser, session: SessionDep
) -> UserOut:
    """Change the role of an account, or (de)activate it, which ends its logins.

    For administrators. The last active one cannot be taken away.
    """
    user = await accounts.change_access(session, user_id, **data.model_dump())
    return UserOut.model_validate(user)
