"""The reader's language, kept in a cookie that says nothing else."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from truceline.web.languages import COOKIE, LANGUAGES

router = APIRouter()


@router.get("/language/{code}", name="language")
def language(request: Request, code: str, back: str = "/") -> Response:
    """Choose a language and go back to where one was, on this site."""
    if code not in LANGUAGES:
        raise HTTPException(404, "The pages are not in this language.")
    here = back if back.startswith("/") and not back.startswith(("//", "/\\")) and "\n" not in back else "/"
    answer = RedirectResponse(here, 303)
    answer.set_cookie(COOKIE, code, max_age=31_536_000, httponly=True, samesite="lax", secure=request.url.scheme == "https")  # fmt: skip
    return answer
