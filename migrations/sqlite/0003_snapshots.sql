-- Which snapshots of the index were taken of this database. A snapshot file is used only when its
-- key stands here: so not that of another database, nor one taken of changes that this database,
-- put back from a backup, never saw.

create table snapshot (
    id integer primary key autoincrement,
    key text not null unique,
    generation bigint not null
);
