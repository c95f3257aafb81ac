//! The page of insight in English.

use photocheck_core::bank::Purpose;
use photocheck_core::evaluation::drift::DriftLevel;

use super::insight::{
    AgreementWords, BankWords, CheckWords, DriftWords, InsightWords, NowWords, ReasonWords,
    ScoreWords, WebhookWords,
};
use super::page::grouped;

pub(super) const WORDS: InsightWords = InsightWords {
    title: "Insight",
    lead: "What the checks of your platform found, how far people agree with that, and what waits.",
    to_review: "Review",
    sections: "On this page",
    table: "Show as a table",
    csv: "Download as CSV",
    number: |count| grouped(u32::try_from(count).unwrap_or(u32::MAX), ","),
    lasts,
    checks: CheckWords {
        title: "Checks over time",
        note: |days| {
            let days = if days == 1 { "today".to_owned() } else { format!("the last {days} days") };
            format!(
                "Checks that were done later, of {days} (UTC): older ones are deleted. A check \
                 that is answered at once is not kept, so it is not here; its score counts below."
            )
        },
        empty: "No check was done later in this time.",
        day: "Day",
        failed: "Could not be checked",
        drawn: |total, most| format!("{total} checks; the most on one day were {most}."),
    },
    reasons: ReasonWords {
        title: "Why photos were flagged",
        note: "Of the same checks, those that are flagged, suspicious or unsure. One photo can \
               have several reasons.",
        empty: "No photo was flagged in this time.",
        reason: "Reason",
        photos: "Photos",
    },
    scores: ScoreWords {
        title: |days| format!("Scores of the last {days} days"),
        note: "How much photos look as if AI made them, from 0 to 1, of all checks. Beside that is \
               what the model was measured on: if the two differ much, its error rates are not \
               about your photos.",
        empty: "No photo had a score in this time.",
        too_few: |photos, least| {
            format!("{photos} photos have a score. To compare them takes {least}.")
        },
        level: |level| match level {
            DriftLevel::AsMeasured => "The scores are as those that the model was measured with.",
            DriftLevel::Moved => {
                "The scores differ somewhat from those that the model was measured with."
            }
            DriftLevel::Drifted => {
                "The scores differ much from those that the model was measured with. Do not rely \
                 on its error rates before somebody has measured it on your photos."
            }
        },
        ai_share: |of_100| {
            let photos = if of_100 == 1 { "1 photo" } else { &format!("{of_100} photos") };
            format!("They are best explained if about {photos} of 100 were made by AI.")
        },
        up_to: "Score up to",
        photos: "Photos",
        share: "Your photos",
        expected: "As measured",
        drawn: "For each range of scores, the share of your photos, and what would be as measured",
    },
    drift: DriftWords {
        title: "Drift by day",
        note: "How far the scores of a day lie from those that the model was measured with: 0 is \
               the same, below 0.1 is chance or little, from 0.25 on they are other photos. More \
               photos made by AI do not count as a difference.",
        empty: "No day had enough photos to be compared.",
        photos: "Photos",
        distance: "Distance",
        ai_share: "Share made by AI",
        not_enough: "too few",
        drawn: |most| format!("The largest distance was {most}."),
    },
    banks: BankWords {
        title: "Banks",
        note: "Photos in the banks that yours are compared with. Those that are \
               quarantined are not looked up: they match too many others, or mostly led to wrong \
               verdicts.",
        empty: "There is no bank.",
        bank: "Bank",
        purpose: "For",
        purposes: |purpose| match purpose {
            Purpose::KnownFake => "known photos",
            Purpose::Allow => "photos never to flag",
            Purpose::Seen => "photos seen on accounts",
        },
        photos: "Photos",
        quarantined: "Quarantined",
    },
    agreement: AgreementWords {
        title: "How far people agree",
        note: |decisions, people| {
            format!("Decisions that stand: {decisions}. People who made them: {people}.")
        },
        empty: "No check was judged by two people.",
        who: "Who judged the same check",
        both: "Checks",
        agreed: "They agreed on",
        with_platform: "A reviewer, and your platform before that",
        with_appeal: "A reviewer, and somebody else in an appeal",
    },
    now: NowWords {
        title: "What waits now",
        note: "At this moment, of your platform; the index is that of the machine that answers.",
        what: "What",
        value: "Now",
        review_oldest: "The oldest open one has waited for",
        checks: "Photos that wait to be checked",
        check_oldest: "The oldest of these has waited for",
        index_age: "Time since the index was last up to date",
        generation: "Number of the last change of a bank that it shows",
        nothing: "nothing waits",
    },
    webhooks: WebhookWords {
        title: "Webhooks",
        note: |days| {
            let days = if days == 1 { "today".to_owned() } else { format!("the last {days} days") };
            format!("Where your platform is sent what happened, and the messages of {days}.")
        },
        endpoints: "Addresses",
        failing: "Addresses where nothing arrives now",
        switched_off: "Addresses that are switched off",
        pending: "Messages on their way",
        delivered: "Messages that arrived",
        dead: "Messages that were given up",
    },
};

fn lasts(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        for (seconds, expected) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7_200, "2 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(lasts(seconds), expected);
        }
    }
}
