DROP TABLE service_token;
