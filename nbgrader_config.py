"""nbgrader's settings for this course: its own steps, with the judge in place of test cells."""

c = get_config()  # noqa: F821 (nbgrader provides it)

c.CourseDirectory.course_id = "backprop-lab"
c.CourseDirectory.source_directory = "notebooks"

c.Autograde.exporter_class = "graders.plugins.SubmissionExporter"
c.Autograde.sanitize_preprocessors = [
    "graders.plugins.Rebuild",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "graders.plugins.Judge",
    "nbgrader.preprocessors.LimitOutput",
    "graders.plugins.SaveVerdicts",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
