"""The staff's desk for findings, reports, themes and resources: importing it registers them."""

from . import finding, headings, reports, resources, themes

__all__ = ["finding", "headings", "reports", "resources", "themes"]
