"""A report, or the comparison of two, as one HTML page that needs nothing beside itself.

The page holds no script, asks nobody for anything, and says so to the browser. Every text in it is escaped.
"""

from keydeploy.report.comparison import Comparison
from keydeploy.report.html.compared import compared
from keydeploy.report.html.page import page
from keydeploy.report.html.view import view
from keydeploy.report.model import Made, Report


def render(report: Report, made: Made) -> str:
    """Answer *report*, which was *made* so, as a page; the same for the same report."""
    return page("report.html.j2", view=view(report, made))


def render_comparison(comparison: Comparison) -> str:
    """Answer *comparison* as a page."""
    return page("comparison.html.j2", view=compared(comparison))
