//! Statements of reasons in Spanish, formal (`usted`), in the terms of the Spanish text of the
//! Digital Services Act. No native speaker has read it yet (docs/decisions/0034-languages.md).

use photocheck_core::verdict::{Code, Verdict};

use super::statement::StatementWords;

pub(super) const WORDS: StatementWords = StatementWords {
    title: "Declaración de motivos",
    check: "Revisión",
    checked_at: "Fecha de la revisión",
    photo: "Huella digital del archivo (SHA-256)",
    result: "Resultado",
    verdict,
    facts_title: "Hechos y circunstancias",
    counted: "El resultado se basa en lo siguiente:",
    not_counted: "También se encontró lo siguiente, que no llevó al resultado:",
    none_counted: "Nada de lo que se encontró cuenta en contra de la foto.",
    fact,
    automated_title: "Uso de medios automatizados",
    automated: |model| {
        format!(
            "Un programa, photocheck, examinó y valoró la foto sin intervención de una persona. \
             Compara la foto con listas de fotos conocidas, lee lo que el archivo dice de su \
             propio origen y busca en las caras indicios de inteligencia artificial (IA) con un \
             modelo llamado {model}. Puede equivocarse."
        )
    },
    not_reviewed: "Ninguna persona ha revisado el resultado.",
    appealed: "El resultado se ha impugnado, y una persona debe decidir al respecto.",
    confirmed: |day| format!("El {day} una persona revisó el resultado y lo confirmó."),
    rejected: |day| format!("El {day} una persona revisó el resultado y lo consideró incorrecto."),
    upheld: |day| format!("El resultado se impugnó. El {day} una persona lo confirmó."),
    overturned: |day| {
        format!(
            "El resultado se impugnó. El {day} una persona determinó que era erróneo: ya no cuenta."
        )
    },
    ground_title: "Fundamento",
    ground: |name, version| {
        format!(
            "El resultado se deriva de un conjunto de reglas llamado {name}, versión {version}, \
             que dice cuánto cuenta cada hallazgo. Estas reglas no son ni una ley ni un contrato. \
             Corresponde a la plataforma indicar la ley o la condición de uso en la que se basa \
             una decisión."
        )
    },
    decision_title: "La decisión",
    decision: "El programa no decide nada sobre una foto ni sobre una cuenta. Corresponde a la \
               plataforma indicar qué se restringió, dónde y por cuánto tiempo, y si alguien había \
               denunciado la foto.",
    redress_title: "Cómo impugnarlo",
    redress: "Diga a la plataforma que no está de acuerdo y por qué. Ella puede transmitirlo como \
              una impugnación, sobre la que decide una persona; si el resultado era erróneo, la \
              foto no se vuelve a señalar. En la Unión Europea también puede utilizar el sistema \
              interno de gestión de reclamaciones de la plataforma, acudir a un órgano certificado \
              de resolución extrajudicial de litigios y recurrir a los tribunales. La plataforma \
              debe informarle de cómo hacerlo.",
};

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Clear => {
            "No se encontró nada que cuente en contra de la foto. Eso no demuestra que sea \
             auténtica."
        }
        Verdict::Inconclusive => "No se puede decir con suficiente certeza qué es la foto.",
        Verdict::Suspect => "Hay indicios que cuentan en contra de la foto. No son una prueba.",
        Verdict::Fake => "Según las reglas indicadas más abajo, la foto cuenta como falsa.",
    }
}

fn fact(code: Code, other_accounts: u32) -> String {
    match code {
        Code::KnownPhoto => {
            "Es una copia de una foto que se sabe que es robada o que se usa en estafas."
        }
        Code::KnownPhotoUnsure => {
            "Es una copia de una foto denunciada como robada o usada en estafas, lo que nadie ha \
             confirmado."
        }
        Code::KnownPhotoPartAllowed => {
            "Una parte de la foto es una copia de otra que se sabe que es robada o que se usa en \
             estafas, y otra parte lo es de una foto registrada como inofensiva."
        }
        Code::KnownPhotoDisputed => {
            "Es una copia de una foto denunciada como robada o usada en estafas, lo que alguien \
             discute."
        }
        Code::AllowedPhoto => "Es una copia de una foto registrada como inofensiva.",
        Code::AllowedPhotoPart => {
            "Una parte de la foto es una copia de otra registrada como inofensiva. Eso no aclara \
             más que esa parte."
        }
        Code::AllowedPhotoUnsure => {
            "Es una copia de una foto que se dice que es inofensiva, lo que nadie ha confirmado."
        }
        Code::AllowedPhotoDisputed => {
            "Es una copia de una foto que se dice que es inofensiva, lo que alguien discute."
        }
        Code::SeenOnOtherAccounts if other_accounts == 1 => {
            "Otra cuenta también muestra esta foto."
        }
        Code::SeenOnOtherAccounts => {
            return format!("Otras {other_accounts} cuentas también muestran esta foto.");
        }
        Code::SyntheticFace => "Una cara de la foto parece hecha con IA.",
        Code::SyntheticFaceStrong => "Una cara de la foto parece, muy claramente, hecha con IA.",
        Code::SyntheticFaceUnsure => {
            "Una cara de la foto tiene algunos rasgos de las imágenes hechas con IA, como los \
             tienen algunas fotos auténticas."
        }
        Code::SyntheticFaceUnstable => {
            "Una cara de la foto parece hecha con IA, pero deja de parecerlo con un pequeño cambio \
             de la foto."
        }
        Code::NoFaceFound => {
            "No se revisó si la foto se hizo con IA, porque no se encontró ninguna cara."
        }
        Code::FaceTooSmall => {
            "No se revisó si la foto se hizo con IA, porque la cara es demasiado pequeña."
        }
        Code::FaceTooBlurred => {
            "No se revisó si la foto se hizo con IA, porque la cara está demasiado borrosa."
        }
        Code::FaceDrawn => {
            "No se revisó si la foto se hizo con IA, porque parece un dibujo o una figura."
        }
        Code::DetectorFailed => {
            "No se revisó si la foto se hizo con IA, porque falló esa parte de la revisión."
        }
        Code::LowDetail => {
            "La foto no se comparó con fotos conocidas, porque muestra muy poco detalle."
        }
        Code::DeclaredAiGenerated => "El propio archivo dice que la imagen se hizo con IA.",
        Code::DeclaredAiEdited => "El propio archivo dice que la imagen se modificó con IA.",
        Code::CredentialsInvalid => {
            "El registro de origen del archivo está dañado o es de otra imagen."
        }
        Code::ThumbnailDiffers => "La pequeña vista previa dentro del archivo muestra otra imagen.",
        Code::CameraContradicted => "El archivo indica una cámara, y la cara parece hecha con IA.",
        Code::NoEvidence => {
            "No se encontró ningún indicio de falsificación, lo que no demuestra que la foto sea \
             auténtica."
        }
    }
    .to_owned()
}
