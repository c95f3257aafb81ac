-- How many photos of a tenant had a score in each bin, on each day (UTC, days since 1970), by the model that
-- scored them. `bin` is the bin's upper end in thousandths. Nothing here says which photo it was.
create table score_day (
    tenant_id bigint not null references tenant (id),
    day bigint not null,
    model text not null,
    bin bigint not null,
    photos bigint not null,
    primary key (tenant_id, day, model, bin)
) without rowid;
create index score_day_day on score_day (day);
