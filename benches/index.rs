//! What the index costs at each size: `cargo bench --bench index -- 10000 1000000`.
//!
//! Three quarters of the hashes are random, the rest lie in clusters of ten within 24 bits. Half of
//! the queries are random, half lie 0 to 36 bits from a banked hash. `--real FILE` takes hashes as
//! skewed as those of photos instead: each quarter is that of some line of FILE (64 hexadecimal
//! digits a line), then 16 bits are turned over, which gives a lookup as many candidates as real
//! hashes do. `--write DIR` leaves hashes, queries, answers and figures for `faiss/compare.py`.
//!
//! One thread does all. What says CPU, and lookups/s, is by its CPU time, so that other work on the
//! machine counts less; all other times are by the clock.

#![expect(clippy::print_stdout, reason = "figures are for whoever runs it")]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use photocheck::app::snapshot_file::{self, SnapshotFile};
use photocheck_core::bank::{BankFacts, BankId, Opinion, Purpose};
use photocheck_core::matching::hashes::{Distance, PdqHash};
use photocheck_core::matching::index::snapshot::SnapshotKey;
use photocheck_core::matching::index::{Changes, ContentId, Entry, Index, Scope};
use photocheck_core::matching::views::{Kind, View};

const RADIUS: Distance = Distance(31);
const QUERIES: usize = 2000;
/// Queries that are checked against a scan.
const CHECKED: usize = 20;

fn main() {
    let mut args = std::env::args().skip(1);
    let (mut sizes, mut folder, mut real) = (Vec::new(), None, Vec::new());
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--bench" => {}
            "--write" => folder = args.next().map(PathBuf::from),
            "--real" => real = args.next().map(|file| read_hashes(&file)).unwrap_or_default(),
            size => sizes.extend(size.parse::<usize>()),
        }
    }
    if sizes.is_empty() {
        sizes = vec![10_000, 100_000, 1_000_000];
    }
    println!("| {} |", Figures::HEADINGS.join(" | "));
    for size in sizes {
        let figures = measure(size, &real, folder.as_deref());
        println!("| {} |", figures.line());
    }
}

fn read_hashes(file: &str) -> Vec<PdqHash> {
    let text = fs::read_to_string(file).unwrap_or_else(|error| unreachable!("{file}: {error}"));
    text.lines().filter_map(|line| PdqHash::from_hex(line.get(..64)?)).collect()
}

/// Times in milliseconds, sizes in megabytes of a million bytes.
struct Figures {
    size: usize,
    build: f64,
    build_cpu: f64,
    resident: f64,
    lookups_per_s: f64,
    median: f64,
    p99: f64,
    scan: f64,
    hits: usize,
    snapshot: f64,
    write: f64,
    open: f64,
    open_cpu: f64,
    add_one: f64,
    add_thousands: f64,
    remove_one: f64,
    compact: f64,
}

impl Figures {
    const HEADINGS: [&str; 17] = [
        "hashes",
        "build ms",
        "build CPU ms",
        "resident MB",
        "lookups/s",
        "median ms",
        "p99 ms",
        "scan ms",
        "hits",
        "snapshot MB",
        "write ms",
        "open ms",
        "open CPU ms",
        "add 1 ms",
        "add 10,000 ms",
        "remove 1 ms",
        "compact ms",
    ];

    fn line(&self) -> String {
        let whole = |value: f64| format!("{value:.0}");
        let fine = |value: f64| format!("{value:.2}");
        [
            self.size.to_string(),
            whole(self.build),
            whole(self.build_cpu),
            whole(self.resident),
            whole(self.lookups_per_s),
            format!("{:.4}", self.median),
            format!("{:.4}", self.p99),
            format!("{:.3}", self.scan),
            self.hits.to_string(),
            whole(self.snapshot),
            whole(self.write),
            whole(self.open),
            whole(self.open_cpu),
            fine(self.add_one),
            fine(self.add_thousands),
            fine(self.remove_one),
            whole(self.compact),
        ]
        .join(" | ")
    }
}

fn measure(size: usize, real: &[PdqHash], folder: Option<&Path>) -> Figures {
    let mut random = Random(1);
    let hashes = random.hashes(size, real);
    let queries: Vec<PdqHash> = (0..QUERIES)
        .map(|place: usize| {
            if place.is_multiple_of(2) {
                return random.hash(real);
            }
            let near = hashes.get(random.below(size)).copied().unwrap_or(PdqHash([0; 4]));
            let bits = random.below(37);
            random.at_distance(near, bits)
        })
        .collect();
    if let Some(folder) = folder {
        write_hashes(&folder.join(format!("{size}.hashes")), &hashes);
        write_hashes(&folder.join(format!("{size}.queries")), &queries);
    }
    let (scan, expected) = scanned(&hashes, &queries);
    let bank = Arc::new(BankFacts {
        id: BankId(1),
        name: "BENCH".into(),
        purpose: Purpose::KnownFake,
        imported: false,
    });
    let entries = hashes.iter().enumerate().map(|(content, hash)| entry(content, *hash, &bank));
    let entries: Vec<Entry> = entries.collect();
    drop(hashes);
    let (begun, cpu_begun) = (Instant::now(), cpu_s());
    let index = Index::new(entries, 1);
    let (build, build_cpu) = (begun.elapsed(), 1e3 * (cpu_s() - cpu_begun));
    // The process holds the index, the queries and itself.
    let resident = resident_mb();

    let mut times = Vec::with_capacity(QUERIES);
    let mut answers = Vec::new();
    for query in &queries {
        drop(black_box(index.lookup(Kind::All, *query, RADIUS, &Scope::Everything)));
    }
    let cpu_begun = cpu_s();
    for query in &queries {
        let begun = Instant::now();
        let found = black_box(index.lookup(Kind::All, *query, RADIUS, &Scope::Everything));
        times.push(begun.elapsed());
        answers.push(found.iter().map(|near| near.content.0).collect::<Vec<_>>());
    }
    let cpu = cpu_s() - cpu_begun;
    let exact = answers.iter().zip(&expected).all(|(answer, expected)| answer == expected);
    assert!(exact, "the index does not answer what a scan answers");
    let hits = answers.iter().map(Vec::len).sum();
    times.sort_unstable();
    let at = |place: usize| times.get(place).copied().map_or(f64::NAN, ms);

    let (snapshot, write, open, open_cpu) = snapshot_times(&index, folder);
    let (add_one, add_thousands, remove_one, compact) = change_times(&index, &bank, &mut random);
    let figures = Figures {
        size,
        build: ms(build),
        build_cpu,
        resident,
        lookups_per_s: count(QUERIES) / cpu,
        median: at(QUERIES / 2),
        p99: at(QUERIES * 99 / 100),
        scan,
        hits,
        snapshot,
        write,
        open,
        open_cpu,
        add_one,
        add_thousands,
        remove_one,
        compact,
    };
    if let Some(folder) = folder {
        write_answers(folder, &figures, &answers);
    }
    figures
}

fn entry(content: usize, hash: PdqHash, bank: &Arc<BankFacts>) -> Entry {
    Entry {
        gradient: None,
        hash,
        content: ContentId(i64::try_from(content).unwrap_or_default()),
        view: View::Whole,
        opinion: Opinion::Confirmed,
        bank: Arc::clone(bank),
    }
}

/// The oracle, and what it costs a query.
fn scanned(hashes: &[PdqHash], queries: &[PdqHash]) -> (f64, Vec<Vec<i64>>) {
    let mut all = Vec::new();
    let begun = Instant::now();
    for query in queries.iter().take(CHECKED) {
        let near = |(content, hash): (i64, &PdqHash)| {
            let distance = query.distance(*hash);
            (distance <= RADIUS).then_some((distance, content))
        };
        let mut found: Vec<_> = (0..).zip(hashes).filter_map(near).collect();
        found.sort_unstable();
        all.push(found.into_iter().map(|(_, content)| content).collect());
    }
    (ms(begun.elapsed()) / count(CHECKED), all)
}

/// Megabytes, and the milliseconds to write, to open, and of CPU to open. The file is in the
/// system's cache.
fn snapshot_times(index: &Index, folder: Option<&Path>) -> (f64, f64, f64, f64) {
    let folder = folder.map_or_else(std::env::temp_dir, Path::to_path_buf);
    let path = folder.join(format!("bench-{}.index", std::process::id()));
    let begun = Instant::now();
    let written = snapshot_file::write(&path, index, SnapshotKey([7; 16]), 50);
    written.unwrap_or_else(|error| unreachable!("{}: {error}", path.display()));
    let write = ms(begun.elapsed());
    let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
    let (begun, cpu_begun) = (Instant::now(), cpu_s());
    let file = SnapshotFile::open(&path).ok().flatten();
    let back = file.and_then(|file| file.read().ok());
    let (open, open_cpu) = (ms(begun.elapsed()), 1e3 * (cpu_s() - cpu_begun));
    assert_eq!(back.map(|back| back.len()), Some(index.len()));
    fs::remove_file(&path).unwrap_or_default();
    (megabytes(usize::try_from(bytes).unwrap_or_default()), write, open, open_cpu)
}

/// Until a lookup shows it: one hash added, ten thousand added, one removed; then all compacted.
fn change_times(index: &Index, bank: &Arc<BankFacts>, random: &mut Random) -> (f64, f64, f64, f64) {
    let mut timed = |count: usize| {
        let added: Vec<_> =
            (0..count).map(|place| entry(index.len() + place, random.hash(&[]), bank)).collect();
        let query = added.last().map_or(PdqHash([0; 4]), |entry| entry.hash);
        let begun = Instant::now();
        let changed = index.apply(Changes { added, removed: Vec::new(), generation: 2 });
        assert!(!changed.lookup(Kind::All, query, RADIUS, &Scope::Everything).is_empty());
        ms(begun.elapsed())
    };
    let (add_one, add_thousands) = (timed(1), timed(10_000));
    let removed = vec![ContentId(i64::try_from(index.len() / 2).unwrap_or_default())];
    let begun = Instant::now();
    let changed = index.apply(Changes { added: Vec::new(), removed, generation: 2 });
    assert_eq!(changed.len() + 1, index.len());
    let remove_one = ms(begun.elapsed());
    let begun = Instant::now();
    assert_eq!(changed.compacted().len(), changed.len());
    (add_one, add_thousands, remove_one, ms(begun.elapsed()))
}

fn write_hashes(path: &Path, hashes: &[PdqHash]) {
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).flat_map(u64::to_be_bytes).collect();
    fs::write(path, bytes).unwrap_or_else(|error| unreachable!("{}: {error}", path.display()));
}

fn write_answers(folder: &Path, figures: &Figures, answers: &[Vec<i64>]) {
    let Figures { size, build, resident, lookups_per_s, .. } = figures;
    let text = serde_json::json!({
        "size": size, "build_ms": build, "resident_mb": resident,
        "lookups_per_s": lookups_per_s, "radius": RADIUS.0, "answers": answers,
    });
    let path = folder.join(format!("{size}.json"));
    fs::write(&path, text.to_string())
        .unwrap_or_else(|error| unreachable!("{}: {error}", path.display()));
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "counts of some millions")]
fn count(value: usize) -> f64 {
    value as f64
}

fn megabytes(bytes: usize) -> f64 {
    count(bytes) / 1e6
}

/// Of this process, as Linux tells it; not a number elsewhere.
fn resident_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kib.map_or(f64::NAN, |kib| megabytes(kib * 1024))
}

/// Seconds that this process has had a processor, as Linux tells it; not a number elsewhere.
fn cpu_s() -> f64 {
    let times = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let ns = times.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok());
    ns.map_or(f64::NAN, |ns| ns / 1e9)
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap_or_default()
    }

    fn hash(&mut self, real: &[PdqHash]) -> PdqHash {
        if real.is_empty() {
            return PdqHash(std::array::from_fn(|_| self.next()));
        }
        let quarters = std::array::from_fn(|quarter| {
            let line = real.get(self.below(real.len()));
            line.and_then(|hash| hash.0.get(quarter).copied()).unwrap_or_default()
        });
        self.at_distance(PdqHash(quarters), 16)
    }

    fn hashes(&mut self, size: usize, real: &[PdqHash]) -> Vec<PdqHash> {
        let mut hashes: Vec<PdqHash> = (0..size * 3 / 4).map(|_| self.hash(real)).collect();
        hashes.reserve_exact(size - hashes.len());
        while hashes.len() < size {
            let centre = self.hash(real);
            for _ in 0..10.min(size - hashes.len()) {
                let bits = self.below(25);
                hashes.push(self.at_distance(centre, bits));
            }
        }
        hashes
    }

    fn at_distance(&mut self, hash: PdqHash, bits: usize) -> PdqHash {
        let (mut words, mut turned) = (hash.0, 0);
        while turned < bits {
            let (word, bit) = (self.below(4), self.below(64));
            let (Some(now), Some(before)) = (words.get_mut(word), hash.0.get(word)) else { break };
            if (*now ^ before) >> bit & 1 == 0 {
                *now ^= 1 << bit;
                turned += 1;
            }
        }
        PdqHash(words)
    }
}
