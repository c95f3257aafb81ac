//! The schema, step by step. Steps go forward only, and have the same numbers for every database.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, Row, SqlStr};

use super::dialect::Dialect;
use super::error::StoreError;

/// A step: its number, its name, its statements.
type Step = (i64, &'static str, &'static str);

const SQLITE: &[Step] = &[
    (1, "banks", include_str!("../../migrations/sqlite/0001_banks.sql")),
    (2, "purposes_and_views", include_str!("../../migrations/sqlite/0002_purposes_and_views.sql")),
    (3, "snapshots", include_str!("../../migrations/sqlite/0003_snapshots.sql")),
    (4, "sightings", include_str!("../../migrations/sqlite/0004_sightings.sql")),
    (5, "tenants", include_str!("../../migrations/sqlite/0005_tenants.sql")),
    (6, "work", include_str!("../../migrations/sqlite/0006_work.sql")),
    (7, "idempotent_calls", include_str!("../../migrations/sqlite/0007_idempotent_calls.sql")),
    (8, "tenant_policies", include_str!("../../migrations/sqlite/0008_tenant_policies.sql")),
    (9, "audit", include_str!("../../migrations/sqlite/0009_audit.sql")),
    (11, "review", include_str!("../../migrations/sqlite/0011_review.sql")),
    (12, "judged_grounds", include_str!("../../migrations/sqlite/0012_judged_grounds.sql")),
    (13, "score_days", include_str!("../../migrations/sqlite/0013_score_days.sql")),
    (15, "shadow", include_str!("../../migrations/sqlite/0015_shadow.sql")),
];

const POSTGRES: &[Step] = &[
    (4, "tables", include_str!("../../migrations/postgres/0004_tables.sql")),
    (5, "tenants", include_str!("../../migrations/postgres/0005_tenants.sql")),
    (6, "work", include_str!("../../migrations/postgres/0006_work.sql")),
    (7, "idempotent_calls", include_str!("../../migrations/postgres/0007_idempotent_calls.sql")),
    (8, "tenant_policies", include_str!("../../migrations/postgres/0008_tenant_policies.sql")),
    (9, "audit", include_str!("../../migrations/postgres/0009_audit.sql")),
    (11, "review", include_str!("../../migrations/postgres/0011_review.sql")),
    (12, "judged_grounds", include_str!("../../migrations/postgres/0012_judged_grounds.sql")),
    (13, "score_days", include_str!("../../migrations/postgres/0013_score_days.sql")),
    (15, "shadow", include_str!("../../migrations/postgres/0015_shadow.sql")),
];

/// The steps to the schema of today.
pub(super) fn migrations(dialect: Dialect) -> Migrator {
    migrator(steps(dialect))
}

/// The number of the last step.
pub(super) fn newest(dialect: Dialect) -> Option<i64> {
    steps(dialect).last().map(|(version, ..)| *version)
}

fn steps(dialect: Dialect) -> &'static [Step] {
    match dialect {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
    }
}

fn migrator(steps: &[Step]) -> Migrator {
    let migrations = steps.iter().map(|(version, name, sql)| {
        let sql = SqlStr::from_static(sql);
        Migration::new(*version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// What a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Ours,
    SomethingElse,
}

/// Looks at the tables of a database.
pub(super) async fn what_is_there(
    connection: &mut AnyConnection,
    dialect: Dialect,
) -> Result<Found, StoreError> {
    let row = sqlx::query(dialect.tables_query()).fetch_one(connection).await?;
    let (tables, migrations): (i64, i64) = (row.try_get("tables")?, row.try_get("migrations")?);
    Ok(match (tables, migrations) {
        (0, _) => Found::Nothing,
        (_, 0) => Found::SomethingElse,
        _ => Found::Ours,
    })
}

/// Whether the schema is the one of this program.
pub(super) async fn is_up_to_date(
    connection: &mut AnyConnection,
    dialect: Dialect,
) -> Result<bool, StoreError> {
    let row = sqlx::query("select max(version) as version from _sqlx_migrations where success")
        .fetch_one(connection)
        .await?;
    Ok(row.try_get::<Option<i64>, _>("version")? == newest(dialect))
}

#[cfg(test)]
mod tests {
    use photocheck_core::bank::{BankName, Purpose};
    use photocheck_core::matching::index::ContentId;
    use sqlx::AnyPool;
    use temp_dir::TempDir;

    use super::*;
    use crate::store::{NewBank, Store};
    use crate::tenancy::TenantId;

    /// A database of every earlier step, and of today's, with something in it.
    #[tokio::test]
    async fn a_database_of_any_earlier_step_is_brought_up_to_date() {
        for count in 1..=SQLITE.len() {
            let folder = TempDir::new().unwrap();
            let url = format!("sqlite:{}", folder.path().join("x.sqlite").display());
            sqlx::any::install_default_drivers();
            let pool = AnyPool::connect(&format!("{url}?mode=rwc")).await.unwrap();
            migrator(&SQLITE[..count]).run(&pool).await.unwrap();
            // Columns of the first step only: later ones have defaults for what was there.
            for statement in [
                "insert into bank (id, name, created_at) values (7, 'OLD', 1)",
                "insert into content (id, bank_id, pdq, pdq_quality, gradient, note, added_at, \
                     generation) \
                 values (9, 7, zeroblob(32), 80, zeroblob(32), 'from before', 2, 1)",
                "insert into bank (id, name, created_at) values (8, 'GONE', 1)",
                "delete from bank where id = 8",
                "update generation set value = 1",
            ] {
                sqlx::query(statement).execute(&pool).await.unwrap();
            }
            pool.close().await;

            let store = Store::open(&url).await.unwrap();
            let bank =
                store.resolve(TenantId::DEFAULT, &BankName::new("OLD").unwrap()).await.unwrap();
            assert_eq!((bank.purpose, bank.imported), (Purpose::KnownFake, false), "step {count}");
            let contents = store.contents(&bank, ContentId(0), 9).await.unwrap();
            assert_eq!(contents.len(), 1, "step {count}");
            assert_eq!((contents[0].id, contents[0].note.as_str()), (ContentId(9), "from before"));
            let changes = store.changes_since(0, 50).await.unwrap();
            assert_eq!((changes.added.len(), changes.generation), (1, 1), "step {count}");
            let new = NewBank {
                name: BankName::new("NEW").unwrap(),
                purpose: Purpose::Allow,
                imported: false,
                created_at: 1,
            };
            let new = store.create_bank(TenantId::DEFAULT, &new).await.unwrap();
            assert_eq!(new.id.0, 9, "step {count}: no id is given again");
            store.close().await;
        }
    }

    /// What verdicts rest on that were judged before that was noted.
    #[tokio::test]
    async fn what_was_judged_before_is_counted() {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite:{}", folder.path().join("x.sqlite").display());
        sqlx::any::install_default_drivers();
        let pool = AnyPool::connect(&format!("{url}?mode=rwc")).await.unwrap();
        let before = SQLITE.iter().position(|(version, ..)| *version == 12).unwrap();
        migrator(&SQLITE[..before]).run(&pool).await.unwrap();
        let report = r#"{"verdict": "fake",
            "reasons": [{"code": "KNOWN_PHOTO", "weight": "fake"},
                {"code": "SYNTHETIC_FACE", "weight": "suspect"}],
            "evidence": {"matches": [
                {"bank": "B", "purpose": "known_fake", "content_id": 7, "opinion": "confirmed"},
                {"bank": "B", "purpose": "known_fake", "content_id": 8, "opinion": "disputed"},
                {"bank": "A", "purpose": "allow", "content_id": 9, "opinion": "confirmed"}]}}"#;
        for (id, state, report, feedback) in [
            ("said", "done", report, "wrong"),
            ("not said", "done", report, ""),
            ("waits", "waiting", "", ""),
        ] {
            let statement = "insert into photo_check (id, tenant_id, batch_id, place, \
                     external_id, state, accepted_at, finished_at, due_at, holder, owner, attempt, \
                     photo_bytes, callback_endpoint, callback_url, report, problem_code, \
                     problem_detail, feedback, feedback_note, appeal, appeal_reason, appealed_at, \
                     decision_reason, decided_at) \
                 values ($1, 1, '', 0, '', $2, 1, 1, 0, '', '', 0, 0, '', '', $3, '', '', $4, '', \
                     '', '', 0, '', 0)";
            let query = sqlx::query(statement).bind(id).bind(state).bind(report).bind(feedback);
            query.execute(&pool).await.unwrap();
        }
        pool.close().await;
        let store = Store::open(&url).await.unwrap();
        let judged = store.judgements(TenantId::DEFAULT, 9).await.unwrap();
        let reasons: Vec<_> = judged.reasons.iter().map(|it| it.code.as_str()).collect();
        let contents: Vec<_> = judged.contents.iter().map(|it| it.content.0).collect();
        assert_eq!((reasons, contents), (vec!["KNOWN_PHOTO"], vec![7]));
        assert_eq!((judged.by.feedback.right, judged.by.feedback.wrong), (0, 1));
        store.close().await;
    }

    #[test]
    fn steps_are_in_order_and_end_at_the_same_number() {
        for steps in [SQLITE, POSTGRES] {
            assert!(steps.is_sorted_by_key(|(version, ..)| *version));
        }
        assert_eq!(newest(Dialect::Sqlite), newest(Dialect::Postgres));
    }
}
