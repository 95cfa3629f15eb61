"""The two jobs as pipelines of SageMaker, by a clock."""

from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.shapes import (
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
)
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import ProcessingStep
from sagemaker.mlops.workflow.triggers import PipelineSchedule

ROLE = "arn:aws:iam::123456789012:role/pumps"
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/pumps:1"
BUCKET = "s3://plant-pumps"
PLACES = [f"/opt/ml/processing/{name}" for name in ("readings", "models", "scores")]


def read(name: str) -> ProcessingInput:
    place = ProcessingS3Input(
        s3_uri=f"{BUCKET}/{name}",
        s3_data_type="S3Prefix",
        s3_input_mode="File",
        local_path=f"/opt/ml/processing/{name}",
    )
    return ProcessingInput(input_name=name, s3_input=place)


def written(name: str) -> ProcessingOutput:
    place = ProcessingS3Output(
        s3_uri=f"{BUCKET}/{name}",
        s3_upload_mode="EndOfJob",
        local_path=f"/opt/ml/processing/{name}",
    )
    return ProcessingOutput(output_name=name, s3_output=place)


def pipeline(task: str, reads: list[str], writes: str) -> Pipeline:
    session = PipelineSession()
    processor = ScriptProcessor(
        role=ROLE,
        image_uri=IMAGE,
        command=["python3"],
        instance_count=1,
        instance_type="ml.m5.large",
        max_runtime_in_seconds=14400,
        sagemaker_session=session,
    )
    asked = processor.run(
        code="detect.py",
        arguments=[task, *PLACES],
        inputs=[read(name) for name in reads],
        outputs=[written(writes)],
    )
    step = ProcessingStep(name=task, step_args=asked)
    return Pipeline(name=f"pumps-{task}", steps=[step], sagemaker_session=session)


if __name__ == "__main__":
    train = pipeline("train", ["readings"], "models")
    score = pipeline("score", ["readings", "models"], "scores")
    for one, clock in ((train, "0 3 ? * MON *"), (score, "5 * * * ? *")):
        one.upsert(role_arn=ROLE)
        one.put_triggers([PipelineSchedule(name=one.name, cron=clock)], role_arn=ROLE)
    train.start()
