//! The page of insight in Spanish.

use photocheck_core::bank::Purpose;
use photocheck_core::evaluation::drift::DriftLevel;

use super::insight::{
    AgreementWords, BankWords, CheckWords, DriftWords, InsightWords, NowWords, ReasonWords,
    ScoreWords, WebhookWords,
};
use super::page::grouped;

pub(super) const WORDS: InsightWords = InsightWords {
    title: "Resumen",
    lead: "Qué encontraron las revisiones de su plataforma, si las personas están de acuerdo y qué \
           está pendiente.",
    to_review: "Moderación",
    sections: "En esta página",
    table: "Ver como tabla",
    csv: "Descargar como CSV",
    number: |count| grouped(u32::try_from(count).unwrap_or(u32::MAX), "\u{a0}"),
    lasts,
    checks: CheckWords {
        title: "Revisiones por día",
        note: |days| {
            let days = if days == 1 {
                "de hoy".to_owned()
            } else {
                format!("de los últimos {days} días")
            };
            format!(
                "Revisiones hechas más tarde, {days} (UTC): las anteriores se borran. Las que se \
                 responden al momento no se guardan y por eso no están aquí; su puntuación cuenta \
                 más abajo."
            )
        },
        empty: "En este tiempo no hubo ninguna revisión hecha más tarde.",
        day: "Día",
        failed: "No se pudo revisar",
        drawn: |total, most| format!("{total} revisiones; el día con más tuvo {most}."),
    },
    reasons: ReasonWords {
        title: "Por qué se marcaron las fotos",
        note: "De esas revisiones, las marcadas, sospechosas o dudosas. Una foto puede tener \
               varios motivos.",
        empty: "En este tiempo no se marcó ninguna foto.",
        reason: "Motivo",
        photos: "Fotos",
    },
    scores: ScoreWords {
        title: |days| format!("Puntuaciones de los últimos {days} días"),
        note: "Cuánto parecen las fotos hechas con IA, de 0 a 1, en todas las revisiones. Al lado \
               está con qué se midió el modelo: si se diferencian mucho, sus tasas de error no \
               valen para las fotos de su plataforma.",
        empty: "En este tiempo ninguna foto tuvo puntuación.",
        too_few: |photos, least| {
            format!("{photos} fotos tienen puntuación. Para compararlas hacen falta {least}.")
        },
        level: |level| match level {
            DriftLevel::AsMeasured => {
                "Las puntuaciones son como aquellas con las que se midió el modelo."
            }
            DriftLevel::Moved => {
                "Las puntuaciones se diferencian algo de aquellas con las que se midió el modelo."
            }
            DriftLevel::Drifted => {
                "Las puntuaciones se diferencian mucho de aquellas con las que se midió el modelo. \
                 No se fíe de sus tasas de error hasta que alguien lo mida con fotos de su \
                 plataforma."
            }
        },
        ai_share: |of_100| {
            let photos = if of_100 == 1 {
                "1 de cada 100 fotos está hecha"
            } else {
                &format!("{of_100} de cada 100 fotos están hechas")
            };
            format!("Lo que mejor las explica es que unas {photos} con IA.")
        },
        up_to: "Puntuación hasta",
        photos: "Fotos",
        share: "Sus fotos",
        expected: "Como se midió",
        drawn: "Para cada intervalo de puntuación, la parte de sus fotos y la que habría según lo \
                medido",
    },
    drift: DriftWords {
        title: "Desviación por día",
        note: "A qué distancia están las puntuaciones de un día de aquellas con las que se midió \
               el modelo: 0 es igual, menos de 0.1 es azar o poco, y desde 0.25 son otras fotos. \
               Que haya más fotos hechas con IA no cuenta como diferencia.",
        empty: "Ningún día tuvo bastantes fotos para comparar.",
        photos: "Fotos",
        distance: "Distancia",
        ai_share: "Parte hecha con IA",
        not_enough: "muy pocas",
        drawn: |most| format!("La mayor distancia fue {most}."),
    },
    banks: BankWords {
        title: "Listas",
        note: "Fotos de las listas con las que se comparan las suyas. Las que están en cuarentena \
               no se buscan: coinciden con demasiadas, o casi siempre llevaron a errores.",
        empty: "No hay ninguna lista.",
        bank: "Lista",
        purpose: "Para",
        purposes: |purpose| match purpose {
            Purpose::KnownFake => "fotos conocidas",
            Purpose::Allow => "fotos que no se marcan nunca",
            Purpose::Seen => "fotos vistas en cuentas",
        },
        photos: "Fotos",
        quarantined: "En cuarentena",
    },
    agreement: AgreementWords {
        title: "En qué coinciden las personas",
        note: |decisions, people| {
            format!("Decisiones vigentes: {decisions}. Personas que decidieron: {people}.")
        },
        empty: "Dos personas no juzgaron todavía ninguna revisión.",
        who: "Quién juzgó la misma revisión",
        both: "Revisiones",
        agreed: "Coincidieron en",
        with_platform: "Quien modera y, antes, su plataforma",
        with_appeal: "Quien modera y otra persona en una reclamación",
    },
    now: NowWords {
        title: "Qué está pendiente ahora",
        note: "En este momento, de su plataforma; el índice es el de la máquina que responde.",
        what: "Qué",
        value: "Ahora",
        review_oldest: "La más antigua espera desde hace",
        checks: "Fotos que esperan su revisión",
        check_oldest: "La más antigua de estas espera desde hace",
        index_age: "Tiempo desde que el índice estuvo al día",
        generation: "Número del último cambio de una lista que muestra",
        nothing: "nada pendiente",
    },
    webhooks: WebhookWords {
        title: "Avisos a su plataforma (webhooks)",
        note: |days| {
            let days = if days == 1 {
                "de hoy".to_owned()
            } else {
                format!("de los últimos {days} días")
            };
            format!("Adónde se avisa a su plataforma de lo que pasó, y los mensajes {days}.")
        },
        endpoints: "Direcciones",
        failing: "Direcciones a las que ahora no llega nada",
        switched_off: "Direcciones desactivadas",
        pending: "Mensajes en camino",
        delivered: "Mensajes que llegaron",
        dead: "Mensajes que se dieron por perdidos",
    },
};

fn lasts(seconds: u64) -> String {
    let (count, one, many) = match seconds {
        0..120 => (seconds, "segundo", "segundos"),
        120..7_200 => (seconds / 60, "minuto", "minutos"),
        7_200..172_800 => (seconds / 3_600, "hora", "horas"),
        _ => (seconds / 86_400, "día", "días"),
    };
    format!("{count} {}", if count == 1 { one } else { many })
}
