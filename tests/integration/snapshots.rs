//! Snapshots of the index: used when they are right, never when they are not, and never needed.

use std::fs;
use std::path::PathBuf;

use photocheck::app::live_index::LiveIndex;
use photocheck::store::{Opening, Store};
use photocheck_core::bank::{BankFacts, Purpose};
use photocheck_core::matching::hashes::Distance;
use photocheck_core::matching::index::{ContentId, Near, Scope};
use photocheck_core::matching::views::Kind;
use temp_dir::TempDir;

use crate::banks::{SAME_PERSON, STOLEN, banked};
use crate::support::postgres::PostgresDatabase;
use crate::support::{create_bank, photocheck, temporary_db};

const QUALITY_MIN: u8 = 50;

/// A database with some banked hashes, and where its snapshot stands.
struct Banked {
    folder: TempDir,
    db: String,
    store: Store,
    bank: BankFacts,
    path: PathBuf,
}

impl Banked {
    async fn new(contents: u64) -> Self {
        let (folder, db) = temporary_db();
        let store = Store::open(&db).await.unwrap();
        let bank = create_bank(&store, "SCAM", Purpose::KnownFake).await;
        let path = store.snapshot().unwrap().to_owned();
        let banked = Self { folder, db, store, bank, path };
        for number in 0..contents {
            banked.add(number).await;
        }
        banked
    }

    async fn add(&self, number: u64) -> ContentId {
        let mut new = banked(STOLEN);
        new.pdq.0[0] = number;
        self.store.add_photo(&self.bank, &new).await.unwrap().0
    }

    async fn load(&self) -> LiveIndex {
        LiveIndex::load(self.store.clone(), QUALITY_MIN).await.unwrap()
    }

    async fn take_snapshot(&self) {
        self.load().await.compact().await.unwrap();
        assert!(self.path.exists());
    }

    async fn found(&self) -> Vec<Near> {
        all(&self.load().await)
    }

    /// What an index says that never saw a snapshot.
    async fn found_without_snapshot(&self) -> Vec<Near> {
        let aside = self.folder.path().join("aside");
        fs::rename(&self.path, &aside).unwrap();
        let found = self.found().await;
        fs::rename(&aside, &self.path).unwrap();
        found
    }

    /// Changes the database so that only who reads all of it can know.
    async fn forget_behind_the_back(&self, content: ContentId) {
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(&self.db).await.unwrap();
        let statement = "delete from content where id = $1";
        let done = sqlx::query(statement).bind(content.0).execute(&pool).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
        pool.close().await;
    }
}

fn all(live: &LiveIndex) -> Vec<Near> {
    live.index().lookup(Kind::All, banked(STOLEN).pdq, Distance(256), &Scope::Everything)
}

#[tokio::test]
async fn an_index_begins_with_its_snapshot() {
    let banked = Banked::new(20).await;
    banked.take_snapshot().await;
    let before = banked.found().await;
    assert_eq!(before.len(), 20);
    // Only the snapshot can still know it: so it was read.
    banked.forget_behind_the_back(before[0].content).await;
    assert_eq!(banked.found().await, before);
    assert_eq!(banked.found_without_snapshot().await.len(), 19);
}

#[tokio::test]
async fn an_old_snapshot_is_brought_up_to_date() {
    let banked = Banked::new(20).await;
    let first = banked.add(500).await;
    banked.take_snapshot().await;
    banked.store.remove_content(&banked.bank, first).await.unwrap();
    let second = banked.add(501).await;
    let found = banked.found().await;
    assert_eq!(found, banked.found_without_snapshot().await);
    let ids: Vec<_> = found.iter().map(|near| near.content).collect();
    assert!(ids.contains(&second) && !ids.contains(&first) && ids.len() == 21);
}

#[tokio::test]
async fn a_removed_bank_does_not_come_back() {
    let banked = Banked::new(20).await;
    banked.take_snapshot().await;
    banked.store.delete_bank(&banked.bank).await.unwrap();
    assert_eq!(banked.found().await, []);
    // The file forgets it with the next snapshot.
    let size = fs::metadata(&banked.path).unwrap().len();
    banked.take_snapshot().await;
    assert!(fs::metadata(&banked.path).unwrap().len() < size);
    assert_eq!(banked.found().await, []);
}

#[tokio::test]
async fn a_damaged_snapshot_is_not_used() {
    let banked = Banked::new(20).await;
    banked.take_snapshot().await;
    let expected = banked.found_without_snapshot().await;
    let sound = fs::read(&banked.path).unwrap();
    let middle = sound.len() / 2;
    let mut damaged = vec![Vec::new(), b"no snapshot".to_vec(), sound[..middle].to_vec()];
    damaged.push([&sound[..], b"more"].concat());
    for place in [0, 9, 20, 30, 40, 61, 64, 70, middle, sound.len() - 1] {
        let mut bytes = sound.clone();
        bytes[place] ^= 1;
        damaged.push(bytes);
    }
    for (kind, bytes) in damaged.iter().enumerate() {
        fs::write(&banked.path, bytes).unwrap();
        assert_eq!(banked.found().await, expected, "damage {kind}");
    }
    fs::remove_file(&banked.path).unwrap();
    fs::create_dir(&banked.path).unwrap();
    assert_eq!(banked.found().await, expected, "a folder in its place");
}

#[tokio::test]
async fn a_snapshot_of_another_database_or_policy_is_not_used() {
    let (one, other) = (Banked::new(20).await, Banked::new(20).await);
    one.take_snapshot().await;
    other.take_snapshot().await;
    let forgotten = other.found().await[0].content;
    other.forget_behind_the_back(forgotten).await;
    fs::copy(&one.path, &other.path).unwrap();
    assert_eq!(other.found().await.len(), 19);

    let pickier = LiveIndex::load(one.store.clone(), 101).await.unwrap();
    assert_eq!(all(&pickier), []);
}

/// A backup is put back while the snapshot of later changes stays: both have the same number of
/// changes, but they are not the same ones.
#[tokio::test]
async fn a_snapshot_of_changes_that_a_backup_never_saw_is_not_used() {
    let banked = Banked::new(20).await;
    banked.take_snapshot().await;
    banked.store.close().await;
    let file = banked.store.file().unwrap().to_path_buf();
    let backup = fs::read(&file).unwrap();

    let store = Store::open(&banked.db).await.unwrap();
    let banked = Banked { store, ..banked };
    banked.add(600).await;
    banked.take_snapshot().await;
    banked.store.close().await;

    fs::write(&file, backup).unwrap();
    let store = Store::open(&banked.db).await.unwrap();
    let banked = Banked { store, ..banked };
    let other = banked.add(700).await;
    let found = banked.found().await;
    assert_eq!(found, banked.found_without_snapshot().await);
    assert!(found.iter().any(|near| near.content == other));
}

/// Hashes of photos of people: nobody but the owner may read them.
#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_read_a_snapshot() {
    use std::os::unix::fs::PermissionsExt;

    let banked = Banked::new(3).await;
    banked.take_snapshot().await;
    let mode = fs::metadata(&banked.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let folder = fs::read_dir(banked.folder.path()).unwrap();
    let names: Vec<_> = folder.map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().ends_with(".tmp")), "{names:?}");
}

/// The index of a database on a server is kept in the folder that was named, and read from there.
#[tokio::test]
async fn the_snapshot_of_a_server_database_stands_in_its_folder() {
    let Some(server) = PostgresDatabase::create() else { return };
    let folder = TempDir::new().unwrap();
    let snapshot_folder = Some(folder.path().to_owned());
    let opening = Opening { create: true, snapshot_folder, ..Opening::default() };
    let store = Store::open_with(&server.url, opening).await.unwrap();
    let bank = create_bank(&store, "SCAM", Purpose::KnownFake).await;
    store.add_photo(&bank, &banked(STOLEN)).await.unwrap();
    let load = async || LiveIndex::load(store.clone(), QUALITY_MIN).await.unwrap();
    load().await.compact().await.unwrap();
    assert_eq!(store.snapshot().unwrap().parent(), Some(folder.path()));
    assert!(store.snapshot().unwrap().exists());
    // Only the snapshot can still know it: so it was read.
    server.execute("delete from content");
    assert_eq!(all(&load().await).len(), 1);
    fs::remove_file(store.snapshot().unwrap()).unwrap();
    assert_eq!(all(&load().await).len(), 0);
}

/// The command line reads the snapshot of the service and sees what changed after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_reads_the_snapshot_too() {
    let banked = Banked::new(0).await;
    let path = crate::support::fixture_path(STOLEN);
    let path = path.to_str().unwrap();
    assert!(photocheck(&banked.db, ["bank", "add", "SCAM", path]).status.success());
    banked.take_snapshot().await;
    assert_eq!(photocheck(&banked.db, ["check", path]).status.code(), Some(1));
    banked.store.add_photo(&banked.bank, &crate::banks::banked(SAME_PERSON)).await.unwrap();
    let other = crate::support::fixture_path(SAME_PERSON);
    let checked = photocheck(&banked.db, ["check", "--json", other.to_str().unwrap()]);
    assert!(String::from_utf8(checked.stdout).unwrap().contains("KNOWN_PHOTO"));
}
