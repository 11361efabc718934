"""The exchange: topics of a cohort or an organisation, and threads of comments hung on whatever is discussed."""
