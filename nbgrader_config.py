"""nbgrader's settings for this course: its own steps, with the judge in place of test cells."""

c = get_config()  # noqa: F821 (nbgrader provides it)

c.CourseDirectory.course_id = "backprop-lab"
c.CourseDirectory.source_directory = "notebooks"

c.Autograde.exporter_class = "graders.plugins.SubmissionExporter"
# The graded notebook is rebuilt from the released one, whose metadata nbgrader checked when it was
# released: CheckCellMetadata, a tenth of a second for each submission, could find nothing.
c.Autograde.sanitize_preprocessors = ["graders.plugins.Rebuild"]
c.Autograde.autograde_preprocessors = [
    "graders.plugins.Judge",
    "nbgrader.preprocessors.LimitOutput",
    "graders.plugins.SaveVerdicts",
    "graders.plugins.LatePenalties",
]
c.Autograde.pre_convert_hook = "graders.intake.only_plain_files"
c.ZipCollectApp.collector_plugin = "graders.intake.OwnFiles"

# Pages that show students' work, the feedback and the formgrader's, run nothing of it.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {
    "markdown2html": "graders.feedback.safe_markdown",
    "clean_html": "graders.feedback.clean",
}
c.GenerateFeedback.exporter_class = "graders.feedback_page.FeedbackPage"
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "graders.feedback_page.Overview",
    "graders.feedback.Bound",
    "graders.feedback.Mask",
]
