//! The page for moderators in Spanish.

use photocheck_core::verdict::{Code, Verdict};

use super::page::{Refused, grouped};
use super::review::{
    DecideWords, DoneWords, ItemWords, KeyWords, LogInWords, Notices, QueueWords, ReviewWords,
};

pub(super) const WORDS: ReviewWords = ReviewWords {
    title: "Moderación",
    log_in: LogInWords {
        title: "Entrar para moderar",
        lead: "Esta página es para quienes moderan una plataforma. Muestra qué se marcó y por qué.",
        key: "Su clave",
        key_hint: "Una clave de la API con el permiso «review». Si no hay claves, el código de las \
                   listas.",
        submit: "Entrar",
        log_out: "Salir",
    },
    queue: QUEUE,
    verdict: |verdict| match verdict {
        Verdict::Fake => "Marcada",
        Verdict::Suspect => "Sospechosa",
        Verdict::Inconclusive => "Dudosa",
        Verdict::Clear => "No marcada",
    },
    reason,
    item: ITEM,
    decide: DECIDE,
    done: DoneWords {
        confirmed: "Usted confirmó el resultado de la última foto.",
        confirmed_banked: "Usted confirmó el resultado de la última foto y la puso en una lista.",
        rejected: "Usted rechazó el resultado de la última foto.",
        rejected_allowed: "Usted rechazó el resultado de la última foto. Esa foto ya no se \
                           marcará.",
        escalated: "Usted pasó la última foto a otra persona.",
        appeal: "Usted decidió la reclamación. Se está avisando a la plataforma, por lo que ya no \
                 se puede deshacer.",
        skipped: "Usted dejó la última foto para otra persona.",
        undone: "Se deshizo su decisión. La foto está abierta otra vez.",
        none_left: "En este momento no queda ninguna foto libre en esta lista.",
        undo: "Deshacer",
        logged_out: "Usted ha salido.",
    },
    keys: KeyWords {
        title: "Atajos de teclado",
        lead: "Hacen lo mismo que los botones mientras usted no esté escribiendo.",
        next: "Revisar la siguiente foto",
        undo: "Deshacer la última decisión",
        help: "Mostrar u ocultar esta lista",
        on: "Usar atajos de teclado",
        close: "Cerrar",
    },
    notices: NOTICES,
};

const QUEUE: QueueWords = QueueWords {
    lead: "Primero están las fotos más sospechosas y después las más antiguas.",
    parts: "Partes de la lista",
    open: "Abiertas",
    escalated: "Pasadas a otra persona",
    decided: "Decididas",
    appeals: "Reclamaciones",
    next: "Revisar la siguiente foto",
    filter_title: "Mostrar solo algunas",
    verdict: "Resultado",
    reason: "Motivo",
    any: "Cualquiera",
    filter: "Mostrar",
    empty: "Aquí no hay nada pendiente. Está al día.",
    empty_decided: "Todavía nadie ha decidido nada.",
    empty_filtered: "Aquí no hay nada así. Elija otro resultado u otro motivo.",
    more: |count| format!("Se muestran las primeras {count}."),
    taken: "la tiene abierta otra persona",
    yours: "la tiene abierta usted",
    photo: |name| format!("Foto {name}"),
    checked: |at| format!("Revisada: {at}"),
};

const ITEM: ItemWords = ItemWords {
    back: "Volver a la lista",
    no_photo: "Este servicio no guarda las fotos, así que solo se ven los indicios. Mire la foto \
               en su propio sistema.",
    why: "Por qué",
    score: |score, threshold| format!("Puntuación {score}; el límite es {threshold}."),
    distance: |bits, most| format!("{bits} de 256 bits son distintos; pueden serlo {most}."),
    real: |count, of| {
        let verb = if count == 1 { "se marca" } else { "se marcan" };
        format!("De cada {} fotos auténticas, {verb} por esto unas {count}.", grouped(of, "\u{a0}"))
    },
    by_chance: |of| {
        let of = grouped(of, "\u{a0}");
        format!("Como mucho 1 de cada {of} pares de fotos distintas coincide por casualidad.")
    },
    where_title: "Dónde se encontró",
    drawing: "Un dibujo del marco de la foto, con lo que se encontró en ella",
    drawing_lead: "El marco tiene la forma de la foto. De la foto misma no se muestra nada.",
    nothing_drawn: "Ninguna parte de la foto llama la atención.",
    faces: "Línea fina: una cara.",
    heat: "Rojo: lo que más parece hecho con IA. Es un indicio, no una prueba.",
    matches: "Copias de fotos conocidas",
    matched: |bank, bits, imported| {
        let whose = if imported { ", una lista de otros" } else { "" };
        format!("«{bank}»{whose}: {bits} de 256 bits son distintos.")
    },
    accounts: "Otras cuentas",
    accounts_unknown: "No se sabe si otras cuentas la muestran: con la foto no se indicó ninguna, \
                       o no se guardan.",
    other_accounts: |count| match count {
        0 => "No se conoce ninguna otra cuenta que muestre esta foto.".to_owned(),
        1 => "Otra cuenta más muestra esta foto.".to_owned(),
        _ => format!("Otras {count} cuentas también muestran esta foto."),
    },
    facts: "Qué revisión fue",
    picture: "Imagen",
    fingerprint: "Huella del archivo (SHA-256)",
    check: "Revisión",
    checked_at: "Revisada",
    checked_with: "Revisada con",
    appeal: "Alguien no está de acuerdo con el resultado",
    appealed: |at| format!("Reclamación: {at}"),
    feedback: "Qué se dijo del resultado",
    said_right: "El resultado era correcto.",
    said_wrong: "El resultado era incorrecto.",
    history: "Qué se decidió",
    nobody: "Todavía nadie ha decidido.",
    escalated: "Pasada a otra persona",
    confirmed: "Confirmada: el resultado era correcto",
    rejected: "Rechazada: el resultado era incorrecto",
    upheld: "Reclamación decidida: el resultado se mantiene",
    overturned: "Reclamación decidida: el resultado era incorrecto",
    undone: "deshecha",
    allowed: "La foto ya no se marcará.",
    banked: "Las huellas de la foto están en una lista.",
    by: |who, at| format!("por {who}, {at}"),
};

const DECIDE: DecideWords = DecideWords {
    title: "¿Era correcto el resultado?",
    appeal_title: "¿Se mantiene el resultado?",
    lease: |minutes| format!("Durante {minutes} minutos, nadie más puede decidir sobre esta foto."),
    take: "Revisar esta foto",
    take_lead: "Ábrala antes de decidir, para que nadie más decida al mismo tiempo.",
    taken: "Otra persona está revisando esta foto. Usted puede mirarla, y decidir cuando esa \
            persona termine o se acabe su tiempo.",
    confirm: "Confirmar",
    confirm_hint: "Se hizo bien en marcar la foto.",
    reject: "Rechazar",
    reject_hint: "La foto se marcó por error.",
    uphold: "Mantener el resultado",
    uphold_hint: "Se hizo bien en marcar la foto.",
    overturn: "Cambiar el resultado",
    overturn_hint: "La foto se marcó por error. Ya no se marcará.",
    escalate: "Pasar a otra persona",
    skip: "Saltar",
    allow: "Si se rechaza, no volver a marcar esta foto",
    bank: "Si se confirma, ponerla en la lista",
    no_bank: "Ninguna",
    reason: "Motivo",
    reason_hint: "Hace falta para pasarla a otra persona. Se guarda con la revisión; en una \
                  reclamación, se envía a la plataforma.",
};

const NOTICES: Notices = Notices {
    over: Refused {
        what: "Su sesión terminó.",
        what_to_do: "Termina a las diez horas, o cuando se anula su clave. Entre otra vez.",
    },
    key_not_valid: Refused {
        what: "Con esta clave no se puede entrar.",
        what_to_do: "Mire si está completa y sigue vigente, o pregunte a quien la creó.",
    },
    scope: Refused {
        what: "Esta clave no sirve para moderar.",
        what_to_do: "Pida una clave con el permiso «review».",
    },
    throttled: Refused {
        what: "Hubo demasiadas solicitudes desde su dirección.",
        what_to_do: "Espere un minuto y vuelva a intentarlo.",
    },
    form: Refused {
        what: "Este formulario es antiguo o no viene de esta página. No se cambió nada.",
        what_to_do: "Abra la lista otra vez y repita lo que hizo.",
    },
    not_there: Refused {
        what: "No hay ninguna foto así en su lista.",
        what_to_do: "Las revisiones se borran cuando se acaba su plazo. Vuelva a la lista.",
    },
    not_yours: Refused {
        what: "Usted no tiene abierta esta foto, así que no se cambió nada.",
        what_to_do: "Otra persona la abrió o decidió. Abajo se ve cómo está ahora.",
    },
    other_appeal: Refused {
        what: "Mientras usted tenía abierta esta foto, alguien apeló o se decidió la apelación.",
        what_to_do: "Así que no se cambió nada. Abajo se ve cómo está ahora.",
    },
    not_undone: Refused {
        what: "Esta decisión ya no se puede deshacer.",
        what_to_do: "Se deshizo antes, o alguien decidió otra vez desde entonces.",
    },
    no_reason: Refused {
        what: "No se cambió nada: falta un motivo.",
        what_to_do: "Escriba por qué debe decidir otra persona y después pásela.",
    },
    long_reason: Refused {
        what: "No se cambió nada: el motivo es demasiado largo.",
        what_to_do: "Acórtelo a 1000 bytes, que son unas 150 palabras.",
    },
    allow_bank: Refused {
        what: "No se cambió nada: la lista ALLOWED_ON_APPEAL se usa para otra cosa.",
        what_to_do: "Pida a quien lleva las listas que le cambie el nombre.",
    },
    no_bank: Refused {
        what: "No se cambió nada: esa lista ya no existe.",
        what_to_do: "Elija otra o ninguna.",
    },
    busy: Refused {
        what: "El servicio está ocupado. No se cambió nada.",
        what_to_do: "Vuelva a intentarlo dentro de un momento.",
    },
    failed: Refused {
        what: "Algo falló aquí. No es culpa suya.",
        what_to_do: "Inténtelo más tarde o avise a quien lleva el servicio.",
    },
};

fn reason(code: Code) -> &'static str {
    match code {
        Code::KnownPhoto => "Copia de una foto de una lista de fotos conocidas",
        Code::KnownPhotoUnsure => "Copia de una foto de una lista que nadie ha confirmado",
        Code::KnownPhotoPartAllowed => {
            "Una parte es copia de una foto de una lista, y otra, de una que no se marca nunca"
        }
        Code::KnownPhotoDisputed => "Copia de una foto de una lista que está en duda",
        Code::AllowedPhoto => "Copia de una foto que no se marca nunca",
        Code::AllowedPhotoPart => "Una parte es copia de una foto que no se marca nunca",
        Code::AllowedPhotoUnsure => "Copia de una foto que quizá no deba marcarse nunca",
        Code::AllowedPhotoDisputed => {
            "Copia de una foto que no se marca nunca, lo que está en duda"
        }
        Code::SeenOnOtherAccounts => "Otras cuentas también muestran esta foto",
        Code::SyntheticFace => "Una cara parece hecha con IA",
        Code::SyntheticFaceStrong => "Una cara parece muy claramente hecha con IA",
        Code::SyntheticFaceUnsure => {
            "Una cara tiene algunos rasgos de IA, como los tienen algunas fotos auténticas"
        }
        Code::SyntheticFaceUnstable => {
            "Una cara parece hecha con IA, pero no después de un pequeño cambio de la foto"
        }
        Code::NoFaceFound => "No se revisó si es de IA: no se encontró ninguna cara",
        Code::FaceTooSmall => "No se revisó si es de IA: la cara es demasiado pequeña",
        Code::FaceTooBlurred => "No se revisó si es de IA: la cara está demasiado borrosa",
        Code::FaceDrawn => "No se revisó si es de IA: parece un dibujo o una figura",
        Code::DetectorFailed => "No se revisó si es de IA: falló esa parte de la revisión",
        Code::LowDetail => "Demasiado poco detalle para compararla con fotos conocidas",
        Code::DeclaredAiGenerated => "El archivo dice que se hizo con IA",
        Code::DeclaredAiEdited => "El archivo dice que se editó con IA",
        Code::CredentialsInvalid => "El registro firmado del archivo no corresponde al archivo",
        Code::ThumbnailDiffers => "La vista previa del archivo muestra otra imagen",
        Code::CameraContradicted => "El archivo nombra una cámara, y algo lo contradice",
        Code::NoEvidence => "No se encontró nada",
    }
}
