DROP TABLE hitl_detail;
