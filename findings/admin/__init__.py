"""The staff's desk for findings, reports, themes and resources: importing it registers them."""

from . import finding, reports, resources, themes

__all__ = ["finding", "reports", "resources", "themes"]
