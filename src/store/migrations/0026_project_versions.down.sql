DROP TABLE project;
DROP TABLE project_version;
