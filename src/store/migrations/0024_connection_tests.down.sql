DROP TABLE connection_test;
