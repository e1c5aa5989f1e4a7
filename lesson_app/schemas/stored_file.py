"""What a client receives and changes about uploaded files."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from lesson_app.schemas.fields import Flag


class FileUpdate(BaseModel):
    """A change to a file."""

    model_config = ConfigDict(extra="forbid")

    is_public: Flag = Field(description="Whether everybody who knows its id may download it.")


class FileOut(BaseModel):
    """An uploaded file. The name that it has on the disk is nobody's business."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str = Field(
        validation_alias="original_name",
        description="What the client called it, made fit to be shown.",
    )
    media_type: str = Field(description="What its bytes are, whatever the client called them.")
    size: int = Field(description="In bytes.")
    sha256: str = Field(description="Of its bytes, in hexadecimal.")
    is_public: bool
    created_at: datetime
