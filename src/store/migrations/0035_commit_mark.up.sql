-- Of the last commit of the engine: when its answer is lost, whether it was stored.
CREATE TABLE commit_mark (one_row BIGINT PRIMARY KEY CHECK (one_row = 1), mark TEXT NOT NULL);
INSERT INTO commit_mark (one_row, mark) VALUES (1, '');
