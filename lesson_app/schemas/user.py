"""What a client sends and receives about accounts. A password comes in and never goes out."""

from datetime import datetime
from typing import Annotated

from pydantic import MISSING, BaseModel, ConfigDict, EmailStr, Field

from lesson_app.models import Role
from lesson_app.schemas.fields import Flag, Name, SecretText

# Length is what makes a password strong; rules about digits and signs are not asked for.
# Source: NIST SP 800-63B, section 3.1.1. The upper bound is against bodies made to be costly.
NewPassword = Annotated[
    SecretText, Field(min_length=8, max_length=200, description="8 to 200 characters.")
]

# One that is compared and not stored: who chose a short one long ago can still log in.
Password = Annotated[SecretText, Field(min_length=1, max_length=1000)]


class Registration(BaseModel):
    """A new account."""

    model_config = ConfigDict(extra="forbid")

    email: EmailStr
    display_name: Name
    password: NewPassword


class ProfileUpdate(BaseModel):
    """Changes to one's own account: a field that is left out stays as it is.

    The address is not among them: before it changes, the new one has to answer a mail.
    """

    model_config = ConfigDict(extra="forbid")

    display_name: Name | MISSING = MISSING


class PasswordChange(BaseModel):
    """A new password, and the old one to prove that the owner sets it."""

    model_config = ConfigDict(extra="forbid")

    current_password: Password
    new_password: NewPassword


class AccessUpdate(BaseModel):
    """What an administrator can change about an account."""

    model_config = ConfigDict(extra="forbid")

    role: Role | MISSING = MISSING
    is_active: Flag | MISSING = MISSING


class UserOut(BaseModel):
    """An account as its owner and administrators see it. Nothing of the password is in it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    email: str
    display_name: str
    role: Role
    is_active: bool
    created_at: datetime
