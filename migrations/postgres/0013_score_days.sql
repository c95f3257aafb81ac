-- Scores of each day, as the thirteenth step for SQLite leaves them. What the columns mean is said there.

create table score_day (
    tenant_id bigint not null references tenant (id),
    day bigint not null,
    model text collate "C" not null,
    bin bigint not null,
    photos bigint not null,
    primary key (tenant_id, day, model, bin)
);
create index score_day_day on score_day (day);
