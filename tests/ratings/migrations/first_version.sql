BEGIN TRANSACTION;
CREATE TABLE ratings (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                created DATETIME NOT NULL,
                rater TEXT NOT NULL CHECK (rater <> ''),
                run_id TEXT NOT NULL,
                suite TEXT NOT NULL,
                task TEXT NOT NULL,
                sample_id TEXT NOT NULL,
                output_sha256 TEXT NOT NULL,
                rating INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 5),
                comment TEXT NOT NULL
            );
INSERT INTO "ratings" VALUES(1,'2026-11-27 07:26:24.894500','Ada','20260131T235959Z-m-0a1b2c','evals','asdiv','s1','1111111111111111111111111111111111111111111111111111111111111111',2,'größer — 二');
INSERT INTO "ratings" VALUES(2,'2026-11-27 07:26:24.962991','bob','20260131T235959Z-m-0a1b2c','evals','asdiv','s1','1111111111111111111111111111111111111111111111111111111111111111',4,'');
INSERT INTO "ratings" VALUES(3,'2026-11-27 07:26:24.980124','Ada','20260131T235959Z-m-0a1b2c','evals','asdiv','s2#1','2222222222222222222222222222222222222222222222222222222222222222',5,'');
CREATE TABLE ratings_migrations (name VARCHAR(100) PRIMARY KEY, applied VARCHAR(40));
INSERT INTO "ratings_migrations" VALUES('m001_ratings','2026-11-27T07:26:24+00:00');
INSERT INTO "ratings_migrations" VALUES('m002_append_only','2026-11-27T07:26:24+00:00');
INSERT INTO "ratings_migrations" VALUES('m003_no_replacement','2026-11-27T07:26:24+00:00');
INSERT INTO "ratings_migrations" VALUES('m004_withdrawals','2026-11-27T07:26:24+00:00');
CREATE TABLE ratings_withdrawn (rating_id INTEGER PRIMARY KEY REFERENCES ratings (id), created DATETIME NOT NULL);
INSERT INTO "ratings_withdrawn" VALUES(3,'2026-11-27 07:26:25.001723');
CREATE INDEX ratings_by_run ON ratings (run_id, rater, sample_id);
CREATE TRIGGER ratings_no_update BEFORE UPDATE ON ratings BEGIN SELECT RAISE(ABORT, 'ratings are append-only: write a new rating instead'); END;
CREATE TRIGGER ratings_no_delete BEFORE DELETE ON ratings BEGIN SELECT RAISE(ABORT, 'ratings are append-only: write a new rating instead'); END;
CREATE TRIGGER ratings_no_replacement BEFORE INSERT ON ratings WHEN NEW.id > 0 AND EXISTS (SELECT 1 FROM ratings WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'ratings are append-only: write a new rating instead'); END;
CREATE TRIGGER ratings_numbers AFTER INSERT ON ratings WHEN NEW.id < 1 BEGIN SELECT RAISE(ABORT, 'ratings are append-only: write a new rating instead'); END;
CREATE TRIGGER ratings_withdrawn_no_update BEFORE UPDATE ON ratings_withdrawn BEGIN SELECT RAISE(ABORT, 'ratings are append-only: write a new rating instead'); END;
CREATE TRIGGER ratings_withdrawn_no_delete BEFORE DELETE ON ratings_withdrawn BEGIN SELECT RAISE(ABORT, 'ratings are append-only: write a new rating instead'); END;
CREATE TRIGGER withdrawn_no_replacement BEFORE INSERT ON ratings_withdrawn WHEN EXISTS (SELECT 1 FROM ratings_withdrawn WHERE rating_id = NEW.rating_id) BEGIN SELECT RAISE(ABORT, 'ratings are append-only: write a new rating instead'); END;
CREATE TRIGGER withdrawn_is_a_rating BEFORE INSERT ON ratings_withdrawn WHEN NOT EXISTS (SELECT 1 FROM ratings WHERE id = NEW.rating_id) BEGIN SELECT RAISE(ABORT, 'ratings are append-only: write a new rating instead'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('ratings',3);
COMMIT;
