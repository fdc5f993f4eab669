"""FastAPI + onnxruntime + tokenizers: `uvicorn fastapi_app:app --workers 2`. Its quickest way: no thread, no response model."""

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from student import Student

app = FastAPI()
student = Student()


class Request(BaseModel):
    inputs: str | list[str]


@app.post("/v1/sentiment")
async def predict(request: Request):
    texts = [request.inputs] if isinstance(request.inputs, str) else request.inputs
    return JSONResponse({"results": student.predict(texts)})
