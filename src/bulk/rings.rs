//! Rings: rows of a job that show the same photo, as it is or edited, and the accounts behind them.
//!
//! All photos are put into one index, and each is looked up in it as a photo is in a bank: by its
//! views, both ways round. So no photo is compared with every other. What is a copy of what is then
//! joined, also by way of others.

use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use photocheck_core::bank::{BankFacts, BankId, Purpose};
use photocheck_core::matching::Matcher;
use photocheck_core::matching::hashes::Distance;
use photocheck_core::matching::index::{ContentId, Entry, Index, Scope};
use photocheck_core::matching::views::kept::KeptViews;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::entry::Label;
use super::state::{Digest, State};
use super::tables::table::{Cell, Column, Kind, Table};

/// Rows that show one photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Ring {
    /// Different accounts among them.
    pub accounts: usize,
    /// Different files among them.
    pub files: usize,
    /// By account, then path.
    pub members: Vec<Member>,
}

/// A row of a ring.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub label: Label,
    pub digest: Digest,
    /// How near the nearest other file of the ring is; `None` where all have the same bytes.
    pub link: Option<Link>,
}

/// That two files are copies of one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    pub distance: Distance,
    pub mirrored: bool,
    /// The name of the view that matched.
    pub view: &'static str,
}

impl Link {
    /// Of two files whose pictures are the same.
    const SAME: Self = Self { distance: Distance(0), mirrored: false, view: "whole" };
}

/// Photos that are looked up before the next are read.
const BATCH: u32 = 1024;

/// Finds the rings of a job, those of most accounts first.
///
/// # Errors
/// When the state cannot be read.
pub async fn find(state: &State, matcher: &Matcher) -> anyhow::Result<Vec<Ring>> {
    let mut groups = Groups::default();
    for digest in state.digests_of_several_rows().await? {
        groups.add(digest);
    }
    join_copies(state, matcher, &mut groups).await?;
    let mut rings = Vec::new();
    for files in groups.into_members() {
        let mut members = Vec::new();
        for (digest, link) in &files {
            let labels = state.labels_of(digest).await?;
            let member = |label| Member { label, digest: *digest, link: *link };
            members.extend(labels.into_iter().map(member));
        }
        members.sort_by(|one, other| {
            let order = |it: &Member| (it.label.account.clone(), it.label.path.clone());
            order(one).cmp(&order(other))
        });
        let accounts: BTreeSet<_> =
            members.iter().filter_map(|member| member.label.account.as_ref()).collect();
        let (accounts, files) = (accounts.len(), files.len());
        if 1 < members.len() {
            rings.push(Ring { accounts, files, members });
        }
    }
    rings.sort_by_cached_key(|ring| {
        let first = ring.members.first().map(|member| member.label.path.clone());
        (usize::MAX - ring.accounts, usize::MAX - ring.members.len(), first)
    });
    Ok(rings)
}

/// Looks every photo up among all of them.
async fn join_copies(state: &State, matcher: &Matcher, groups: &mut Groups) -> anyhow::Result<()> {
    let facts =
        BankFacts { id: BankId(0), name: String::new(), purpose: Purpose::Seen, imported: false };
    let job = Arc::new(facts);
    // Files whose pictures are the same to the bit are joined at once and looked up once: of a
    // placeholder that ten thousand accounts show, each would find all the others.
    let mut seen: HashMap<[u8; 32], Digest> = HashMap::new();
    let (mut digests, mut entries) = (Vec::<Digest>::new(), Vec::<Entry>::new());
    let mut after = None;
    while let Some((last, photos)) = next_photos(state, after.as_ref()).await? {
        for (digest, views) in &photos {
            let of_photo = matcher.entries_kept(views, content_at(digests.len()), &job);
            // Plain photos may share their hashes and nothing else.
            if !of_photo.is_empty() {
                match seen.entry(Sha256::digest(views.to_bytes()).into()) {
                    Occupied(same) => {
                        groups.join(*digest, *same.get(), Link::SAME);
                        continue;
                    }
                    Vacant(new) => {
                        new.insert(*digest);
                    }
                }
            }
            entries.extend(of_photo);
            digests.push(*digest);
        }
        after = Some(last);
    }
    drop(seen);
    let index = Index::new(entries, 0);
    let mut after = None;
    while let Some((last, photos)) = next_photos(state, after.as_ref()).await? {
        // They come in the order of their digests.
        let place = |digest: &Digest| digests.binary_search(digest).ok();
        let found: Vec<(Digest, Vec<(usize, Link)>)> = photos
            .par_iter()
            .filter_map(|(digest, views)| Some((*digest, views, place(digest)?)))
            .map(|(digest, views, place)| (digest, copies_of(place, views, matcher, &index)))
            .collect();
        for (digest, copies) in found {
            for (copy, link) in copies {
                if let Some(copy) = digests.get(copy) {
                    groups.join(digest, *copy, link);
                }
            }
        }
        after = Some(last);
    }
    Ok(())
}

/// The next photos that have views, and the last of them.
async fn next_photos(
    state: &State,
    after: Option<&Digest>,
) -> anyhow::Result<Option<(Digest, Vec<(Digest, KeptViews)>)>> {
    let photos = state.views_after(after, BATCH).await?;
    Ok(photos.last().map(|(last, _)| *last).map(|last| (last, photos)))
}

/// Other photos that one is a copy of, by their places.
fn copies_of(
    place: usize,
    views: &KeptViews,
    matcher: &Matcher,
    index: &Index,
) -> Vec<(usize, Link)> {
    let own = content_at(place);
    let matches = matcher.matches_kept(views, index, &Scope::Everything);
    let others = matches.into_iter().filter(|found| found.content != own);
    let copies = others.filter_map(|found| {
        let link =
            Link { distance: found.distance, mirrored: found.mirrored, view: found.view.name() };
        Some((usize::try_from(found.content.0).ok()?, link))
    });
    copies.collect()
}

fn content_at(place: usize) -> ContentId {
    ContentId(i64::try_from(place).unwrap_or(i64::MAX))
}

/// Files that are joined, each with its nearest link.
#[derive(Debug, Default)]
struct Groups {
    places: BTreeMap<Digest, usize>,
    /// Of each place, a place of the same group that is nearer to the group's first.
    parents: Vec<usize>,
    links: Vec<Option<Link>>,
}

impl Groups {
    fn add(&mut self, digest: Digest) -> usize {
        let next = self.parents.len();
        let place = *self.places.entry(digest).or_insert(next);
        if place == next {
            self.parents.push(next);
            self.links.push(None);
        }
        place
    }

    fn join(&mut self, one: Digest, other: Digest, link: Link) {
        let places = [self.add(one), self.add(other)];
        for place in places {
            if let Some(nearest) = self.links.get_mut(place) {
                *nearest = Some(nearest.map_or(link, |nearest| nearest.min(link)));
            }
        }
        let [one, other] = places.map(|place| self.first_of(place));
        if let Some(parent) = self.parents.get_mut(one.max(other)) {
            *parent = one.min(other);
        }
    }

    fn first_of(&mut self, mut place: usize) -> usize {
        while let Some(parent) = self.parents.get(place).copied()
            && parent != place
        {
            let above = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(parent) = self.parents.get_mut(place) {
                *parent = above;
            }
            place = above;
        }
        place
    }

    /// The files of each group.
    fn into_members(mut self) -> Vec<Vec<(Digest, Option<Link>)>> {
        let mut members: BTreeMap<usize, Vec<(Digest, Option<Link>)>> = BTreeMap::new();
        for (digest, place) in std::mem::take(&mut self.places) {
            let link = self.links.get(place).copied().flatten();
            members.entry(self.first_of(place)).or_default().push((digest, link));
        }
        members.into_values().collect()
    }
}

/// The rings as a table: a row for each of their rows.
#[must_use]
pub fn table(rings: &[Ring]) -> Table {
    let columns = [
        ("ring", Kind::Count),
        ("accounts", Kind::Count),
        ("photos", Kind::Count),
        ("files", Kind::Count),
        ("path", Kind::Text),
        ("id", Kind::Text),
        ("account_id", Kind::Text),
        ("sha256", Kind::Text),
        ("distance", Kind::Count),
        ("mirrored", Kind::Text),
        ("view", Kind::Text),
    ];
    let mut rows = Vec::new();
    for (number, ring) in (1..).zip(rings) {
        for Member { label, digest, link } in &ring.members {
            rows.push(vec![
                Cell::count(number),
                Cell::count(ring.accounts),
                Cell::count(ring.members.len()),
                Cell::count(ring.files),
                Cell::text(label.path.as_str()),
                Cell::Text(label.id.clone()),
                Cell::Text(label.account.clone()),
                Cell::text(hex::encode(digest)),
                Cell::Count(link.map(|link| link.distance.0.into())),
                Cell::Text(link.map(|link| if link.mirrored { "yes" } else { "no" }.into())),
                Cell::Text(link.map(|link| link.view.into())),
            ]);
        }
    }
    let columns = columns.map(|(name, kind)| Column::new(name, kind));
    Table { columns: columns.into(), rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_by_way_of_others_is_one_group() {
        let link = |bits| Link { distance: Distance(bits), mirrored: false, view: "whole" };
        let mut groups = Groups::default();
        groups.add([9; 32]);
        for (one, other, bits) in [(1, 2, 5), (3, 4, 6), (5, 6, 7), (4, 1, 8), (2, 1, 3)] {
            groups.join([one; 32], [other; 32], link(bits));
        }
        let mut members = groups.into_members();
        members.sort();
        let bits = |group: &[(Digest, Option<Link>)]| -> Vec<(u8, Option<u16>)> {
            group.iter().map(|(it, link)| (it[0], link.map(|link| link.distance.0))).collect()
        };
        let found: Vec<_> = members.iter().map(|group| bits(group)).collect();
        let expected = [
            vec![(1, Some(3)), (2, Some(3)), (3, Some(6)), (4, Some(6))],
            vec![(5, Some(7)), (6, Some(7))],
            vec![(9, None)],
        ];
        assert_eq!(found, expected);
    }
}
