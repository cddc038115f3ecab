BEGIN TRANSACTION;
CREATE TABLE attempts (
	id INTEGER NOT NULL, 
	assignment VARCHAR(200) NOT NULL, 
	student VARCHAR(300) NOT NULL, 
	number INTEGER NOT NULL, 
	status VARCHAR(40) NOT NULL, 
	reason TEXT NOT NULL, 
	score FLOAT NOT NULL, 
	max_score FLOAT NOT NULL, 
	scope VARCHAR(20) NOT NULL, 
	seed VARCHAR(100) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	submitted_at DATETIME NOT NULL, 
	folder TEXT NOT NULL, 
	grade_json TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (assignment, student, number)
);
INSERT INTO "attempts" VALUES(1,'hw2','alice',1,'graded','',17.5,20.0,'full','s','0000000000000000000000000000000000000000000000000000000000000000','2026-11-23 09:00:00.000000','reports/hw2/alice/attempt-1','{"assignment":"hw2","title":"Modules","student":"alice","attempt":1,"score":17.5,"max_score":20.0,"devices":["cpu"],"status":"graded","reason":"","scope":"full","hidden_checks":0,"seed":"s","submitted_at":"2026-11-23T10:00:00+01:00","submission":"hw2.ipynb","digest":"0000000000000000000000000000000000000000000000000000000000000000","environment":{"torch":"2.15"},"confinement":[],"notices":[],"cells":[],"output":"","timing":{"start_seconds":1,"notebook_seconds":1,"checks_seconds":1,"total_seconds":3},"exercises":[{"id":"scale_hook","title":"Scale hook","score":9.5,"max_score":12.0,"misconception":null,"code":"","code_cells":[],"note":"","checks":[],"looks":[]},{"id":"make_mlp","title":"An MLP","score":8.0,"max_score":8.0,"misconception":null,"code":"","code_cells":[],"note":"","checks":[],"looks":[]}],"looks":[]}');
INSERT INTO "attempts" VALUES(2,'hw2','alice',2,'graded','',20.0,20.0,'full','s','0000000000000000000000000000000000000000000000000000000000000000','2026-11-24 09:00:00.000000','reports/hw2/alice/attempt-2','{"assignment":"hw2","title":"Modules","student":"alice","attempt":2,"score":20.0,"max_score":20.0,"devices":["cpu"],"status":"graded","reason":"","scope":"full","hidden_checks":0,"seed":"s","submitted_at":"2026-11-24T10:00:00+01:00","submission":"hw2.ipynb","digest":"0000000000000000000000000000000000000000000000000000000000000000","environment":{"torch":"2.15"},"confinement":[],"notices":[],"cells":[],"output":"","timing":{"start_seconds":1,"notebook_seconds":1,"checks_seconds":1,"total_seconds":3},"exercises":[{"id":"scale_hook","title":"Scale hook","score":12.0,"max_score":12.0,"misconception":null,"code":"","code_cells":[],"note":"","checks":[],"looks":[]},{"id":"make_mlp","title":"An MLP","score":8.0,"max_score":8.0,"misconception":null,"code":"","code_cells":[],"note":"","checks":[],"looks":[]}],"looks":[]}');
INSERT INTO "attempts" VALUES(3,'hw2','Zoë O''Neil',1,'unreadable','it''s
broken',0.0,20.0,'full','s','0000000000000000000000000000000000000000000000000000000000000000','2026-11-23 09:00:00.000000','reports/hw2/zo/attempt-1','{"assignment":"hw2","title":"Modules","student":"Zoë O''Neil","attempt":1,"score":0.0,"max_score":20.0,"devices":["cpu"],"status":"unreadable","reason":"it''s\nbroken","scope":"full","hidden_checks":0,"seed":"s","submitted_at":"2026-11-23T10:00:00+01:00","submission":"hw2.ipynb","digest":"0000000000000000000000000000000000000000000000000000000000000000","environment":{"torch":"2.15"},"confinement":[],"notices":[],"cells":[],"output":"","timing":{"start_seconds":1,"notebook_seconds":1,"checks_seconds":1,"total_seconds":3},"exercises":[],"looks":[]}');
CREATE INDEX ix_attempts_assignment ON attempts (assignment);
CREATE INDEX ix_attempts_student ON attempts (student);
COMMIT;
