-- Which of several control planes leads, as it told last; one row. Times are the database's own.
CREATE TABLE leader (
  one_row BIGINT PRIMARY KEY CHECK (one_row = 1),
  epoch BIGINT NOT NULL,
  holder TEXT NOT NULL,
  url TEXT NOT NULL,
  elected_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL
);
INSERT INTO leader (one_row, epoch, holder, url, elected_at, seen_at) VALUES (1, 0, '', '', 0, 0);
