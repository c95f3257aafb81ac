//! Columns: how the values of the core are written to rows and read back. A value that the program
//! never writes is a corrupt row, which is an error and never a guess.

use photocheck_core::bank::{
    BankFacts, BankId, BankedPhoto, BankedView, ExternalId, Note, Opinion, Purpose,
};
use photocheck_core::matching::hashes::{GradientHash, PdqHash, PdqQuality, words_from};
use photocheck_core::matching::index::ContentId;
use photocheck_core::matching::views::View;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::StoreError;

/// Writes a hash as its 32 bytes, in the order of its hexadecimal form.
pub(super) fn hash_bytes(words: [u64; 4]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// Writes a gradient hash; no bytes where there is none.
pub(super) fn gradient_bytes(gradient: Option<GradientHash>) -> Vec<u8> {
    gradient.map(|hash| hash_bytes(hash.0)).unwrap_or_default()
}

/// Writes why a content is quarantined; an empty text where it is not.
pub(super) fn quarantined_text(quarantined: Option<&str>) -> String {
    quarantined.unwrap_or_default().to_owned()
}

/// Reads the facts of a bank from `id`, `name`, `purpose` and `imported`.
pub(super) fn read_facts(row: &AnyRow) -> Result<BankFacts, StoreError> {
    let id: i64 = row.try_get("id")?;
    let purpose: String = row.try_get("purpose")?;
    Ok(BankFacts {
        id: BankId(id),
        name: row.try_get("name")?,
        purpose: Purpose::from_name(&purpose).ok_or(StoreError::CorruptBank(id))?,
        imported: row.try_get::<i64, _>("imported")? != 0,
    })
}

/// Reads a photo from all columns of `content`, without its views.
pub(super) fn read_photo(row: &AnyRow) -> Result<(ContentId, BankedPhoto), StoreError> {
    let id = read_id(row)?;
    let photo = BankedPhoto {
        pdq: read_pdq(row, id)?,
        pdq_quality: read_quality(row, id)?,
        gradient: read_gradient(row, id)?,
        views: Vec::new(),
        note: read_note(row, id)?,
        external_id: read_external_id(row, id)?,
        opinion: read_opinion(row, id)?,
        enabled: read_enabled(row)?,
        quarantined: read_quarantined(row)?,
        added_at: row.try_get("added_at")?,
    };
    Ok((id, photo))
}

/// Reads one view of a photo from all columns of `view_hash`.
pub(super) fn read_banked_view(row: &AnyRow, id: ContentId) -> Result<BankedView, StoreError> {
    Ok(BankedView {
        view: read_view(row, id)?,
        pdq: read_pdq(row, id)?,
        pdq_quality: read_quality(row, id)?,
        gradient: read_gradient(row, id)?,
    })
}

pub(super) fn read_id(row: &AnyRow) -> Result<ContentId, StoreError> {
    Ok(ContentId(row.try_get("id")?))
}

pub(super) fn read_pdq(row: &AnyRow, id: ContentId) -> Result<PdqHash, StoreError> {
    Ok(PdqHash(read_words(row, "pdq", id)?))
}

/// Contents that came as PDQ hashes alone have none.
pub(super) fn read_gradient(
    row: &AnyRow,
    id: ContentId,
) -> Result<Option<GradientHash>, StoreError> {
    if row.try_get::<Vec<u8>, _>("gradient")?.is_empty() {
        return Ok(None);
    }
    Ok(Some(GradientHash(read_words(row, "gradient", id)?)))
}

fn read_words(row: &AnyRow, column: &str, id: ContentId) -> Result<[u64; 4], StoreError> {
    let bytes: Vec<u8> = row.try_get(column)?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| StoreError::Corrupt(id.0))?;
    Ok(words_from(bytes))
}

pub(super) fn read_quality(row: &AnyRow, id: ContentId) -> Result<PdqQuality, StoreError> {
    let value: i64 = row.try_get("pdq_quality")?;
    let quality = u8::try_from(value).ok().and_then(PdqQuality::new);
    quality.ok_or(StoreError::Corrupt(id.0))
}

pub(super) fn read_view(row: &AnyRow, id: ContentId) -> Result<View, StoreError> {
    let code: i64 = row.try_get("view")?;
    let view = u8::try_from(code).ok().and_then(View::from_code);
    view.ok_or(StoreError::Corrupt(id.0))
}

pub(super) fn read_opinion(row: &AnyRow, id: ContentId) -> Result<Opinion, StoreError> {
    let name: String = row.try_get("opinion")?;
    Opinion::from_name(&name).ok_or(StoreError::Corrupt(id.0))
}

pub(super) fn read_note(row: &AnyRow, id: ContentId) -> Result<Note, StoreError> {
    let text: String = row.try_get("note")?;
    Note::new(&text).map_err(|_| StoreError::Corrupt(id.0))
}

pub(super) fn read_external_id(row: &AnyRow, id: ContentId) -> Result<ExternalId, StoreError> {
    let text: String = row.try_get("external_id")?;
    ExternalId::new(&text).map_err(|_| StoreError::Corrupt(id.0))
}

pub(super) fn read_enabled(row: &AnyRow) -> Result<bool, StoreError> {
    Ok(row.try_get::<i64, _>("enabled")? != 0)
}

pub(super) fn read_quarantined(row: &AnyRow) -> Result<Option<String>, StoreError> {
    let reason: String = row.try_get("quarantined")?;
    Ok(Some(reason).filter(|reason| !reason.is_empty()))
}
