//! The pages in Spanish, as it is understood in most countries: formal (`usted`), without words of
//! one country. No native speaker has read it yet (docs/decisions/0034-languages.md).

use super::page::{
    CommonWords, EvidenceWords, FactsWords, Form, Frame, Help, KnownPhotoWords, MadeByAiWords,
    PageWords, Progress, ProtectWords, Refusals, Refused, ReportWords, Said, Situation, grouped,
    in_brackets,
};

pub(super) const WORDS: PageWords = PageWords {
    language: "Español",
    frame: Frame {
        title: "Revisar una foto",
        skip: "Ir al contenido",
        languages: "Idioma",
        developers: "Para desarrolladores: la API (en inglés)",
    },
    form: FORM,
    progress: Progress {
        sending: "Enviando la foto.",
        looking: "Revisando la foto …",
        waiting: "En este momento se están revisando muchas fotos. Se volverá a intentar con la \
                  suya en {} s. Su foto no tiene ningún problema.",
        done: "Ya está el resultado.",
        refused: "No hay resultado para este archivo. Abajo se explica por qué.",
        offline: "No se pudo llegar al servicio. ¿Tiene conexión este dispositivo? Elija la foto \
                  otra vez para volver a intentarlo.",
        too_many: "Solo se revisan los primeros {} archivos. Revise los demás después.",
        result_of: "Resultado",
    },
    made_by_ai: MADE_BY_AI,
    known_photo: KNOWN_PHOTO,
    evidence: EVIDENCE,
    facts: FactsWords {
        title: "Para su banco, la policía o la aplicación",
        lead: "Con estos datos, quien tenga el archivo puede comprobar que es el mismo. No \
               demuestran cuándo se revisó.",
        checked_at: "Revisada el",
        file: "Nombre del archivo",
        picture: "Imagen",
        fingerprint: "Huella digital del archivo (SHA-256)",
        id: "Número de esta revisión",
        checked_with: "Revisada con",
        print: "Imprimir",
        save: "Guardar como archivo",
        save_without_script: "Para conservar este resultado, imprima esta página o guárdela con \
                              su navegador. Aquí no queda almacenado.",
    },
    common: CommonWords {
        title: "Qué tienen en común estas fotos",
        lead: "Se revisaron {} fotos.",
        same_file: "Son exactamente el mismo archivo: {}.",
        same_picture: "Son copias de una misma imagen: {}.",
        same_list: "Están en la misma lista de fotos conocidas ({}): {}.",
        ai: "Parecen hechas con IA, o el archivo mismo lo dice: {}.",
        same_origin: "Indican el mismo programa o la misma cámara ({}): {}.",
        nothing: "No se encontró nada en común.",
        not: "Los perfiles honestos también muestran varias fotos de una misma cámara.",
    },
    help: HELP,
    report: ReportWords {
        title: "Dónde denunciar",
        lead: "Una denuncia ayuda a otras personas aunque usted no haya perdido nada. Si está en \
               peligro, llame al número de emergencias de su país.",
        elsewhere: "¿No aparece su país? Acuda a la policía local o llame al número que figure \
                    en el sitio web oficial de esta.",
        checked: |date| format!("consultado el {date}"),
        named_by_others: "mencionado por terceros; todavía no se ha comprobado en el sitio oficial",
        phone: "Teléfono",
    },
    refusals: REFUSALS,
    protect: PROTECT,
};

const FORM: Form = Form {
    title: "Revisar una foto",
    lead_lists: "¿Alguien le envió una foto y tiene dudas? Esta página busca indicios de que la \
                 foto se hizo con inteligencia artificial (IA) y la compara con listas de fotos \
                 que se sabe que son robadas o que se usan en estafas.",
    lead_no_lists: "¿Alguien le envió una foto y tiene dudas? Esta página busca indicios de que \
                    la foto se hizo con inteligencia artificial (IA). Por ahora no tiene ninguna \
                    lista de fotos conocidas, así que no puede saber si una foto es robada.",
    lead_unknown_lists: "¿Alguien le envió una foto y tiene dudas? Esta página busca indicios de \
                         que la foto se hizo con inteligencia artificial (IA) y, si este \
                         servicio tiene listas de fotos conocidas, la compara con ellas.",
    jump: "Ya envié dinero o fotos: qué hacer ahora",
    choose: "Elija una foto",
    or: "También puede arrastrarla hasta aquí o pegarla.",
    limits: |mebibytes| {
        format!(
            "JPEG, PNG, WebP, GIF o HEIC (el formato de muchos teléfonos), hasta {mebibytes} MB \
             y 64 megapíxeles."
        )
    },
    several: "Puede revisar a la vez varias fotos de un mismo perfil.",
    camera: "Usar la cámara",
    submit: "Revisar esta foto",
    kept: "La foto no se guarda. Se revisa una sola vez y después se descarta.",
    key: "Clave de este servicio",
    key_hint: "Este servicio solo revisa fotos de quienes tienen una clave.",
    key_script: "Sin JavaScript, esta página no puede enviar la clave.",
    offline: "Este dispositivo no tiene conexión en este momento. Puede seguir leyendo la página.",
};

const MADE_BY_AI: MadeByAiWords = MadeByAiWords {
    question: "¿Se hizo con IA?",
    declared: Said {
        label: "El archivo lo dice",
        sentence: "El propio archivo dice que esta imagen se hizo con IA.",
        not: "No significa que quien la envió esté mintiendo. Hay personas que usan un retrato \
              hecho con IA porque les gusta más que una foto suya.",
    },
    declared_sure: "Casi nadie pondría una marca así en una foto auténtica, pero cualquiera \
                    podría hacerlo. Nadie ha contado con qué frecuencia ocurre.",
    likely: Said {
        label: "Hay indicios",
        sentence: "Esta foto parece hecha con IA.",
        not: "No es una prueba. Una foto auténtica muy retocada puede verse así, y hay personas \
              honestas que usan un retrato hecho con IA.",
    },
    unsure: Said {
        label: "No está claro",
        sentence: "No se puede saber si esta foto se hizo con IA.",
        not: "No significa que una parte de la foto se haya hecho con IA, ni que sea lo más \
              probable.",
    },
    no_sign: Said {
        label: "Sin indicios",
        sentence: "No se encontró ningún indicio de que esta foto se haya hecho con IA.",
        not: "No significa que la foto sea auténtica. Tampoco se detecta una cara puesta sobre \
              una foto auténtica.",
    },
    no_face: Said {
        label: "No se revisó",
        sentence: "No se revisó si la foto se hizo con IA, porque no se encontró ninguna cara.",
        not: "Esto no dice nada ni a favor ni en contra. Una foto en la que se vea una cara sí se \
              puede revisar.",
    },
    small: Said {
        label: "No se revisó",
        sentence: "No se revisó si la foto se hizo con IA, porque la cara es demasiado pequeña.",
        not: "Esto no dice nada ni a favor ni en contra. Puede servir una copia más grande de la \
              foto, pero no una que solo se haya ampliado.",
    },
    blurred: Said {
        label: "No se revisó",
        sentence: "No se revisó si la foto se hizo con IA, porque la cara está demasiado borrosa.",
        not: "Esto no dice nada ni a favor ni en contra. Puede servir una foto más nítida.",
    },
    drawn: Said {
        label: "No se revisó",
        sentence: "No se revisó si la foto se hizo con IA, porque parece un dibujo o una figura.",
        not: "Esto no dice nada ni a favor ni en contra. La revisión solo conoce fotos de \
              personas.",
    },
    failed: Said {
        label: "No se revisó",
        sentence: "No se revisó si la foto se hizo con IA, porque falló esa parte de la revisión.",
        not: "No es culpa de la foto. Vuelva a intentarlo más tarde.",
    },
    real: |count, of| {
        let look = if count == 1 { "da" } else { "dan" };
        format!("De cada {of} fotos auténticas, más o menos {count} {look} este mismo resultado.")
    },
    missed: |count, of| {
        format!("De cada {of} fotos hechas con IA, unas {count} también dan este resultado.")
    },
};

const KNOWN_PHOTO: KnownPhotoWords = KnownPhotoWords {
    question: "¿Es una foto conocida por estafas?",
    found: Said {
        label: "Es una copia",
        sentence: "Es una copia de una foto que se sabe que es robada o que se usa en estafas.",
        not: "No significa que la persona de la foto haya hecho algo malo. Si muestra a una \
              persona real, lo más probable es que le hayan robado la foto.",
    },
    unsure: Said {
        label: "No está claro",
        sentence: "Es una copia de una foto denunciada, pero no es seguro que deba estar en la \
                   lista.",
        not: "No es una prueba: alguien pudo denunciarla por error o por mala intención.",
    },
    allowed: Said {
        label: "Registrada como inofensiva",
        sentence: "Es una copia de una foto que este servicio tiene registrada como inofensiva.",
        not: "No significa que quien se la envió sea la persona de la foto.",
    },
    no_match: Said {
        label: "Sin coincidencias",
        sentence: "No se encontró ninguna copia de esta foto en las listas de este servicio.",
        not: "No significa que la foto no sea robada. Una foto robada que nadie ha denunciado \
              aquí no está en ninguna lista.",
    },
    no_lists: Said {
        label: "No se revisó",
        sentence: "Esta foto no se comparó con ninguna otra: este servicio no tiene ninguna \
                   lista de fotos conocidas.",
        not: "Queda sin saber si es robada. Búsquela en otros sitios, como se explica más abajo.",
    },
    low_detail: Said {
        label: "No se revisó",
        sentence: "Esta foto no se comparó con fotos conocidas, porque muestra muy poco detalle.",
        not: "Queda sin saber si es robada. Puede servir una copia más grande o más nítida.",
    },
    by_chance: |pairs| {
        let pairs = grouped(pairs, "\u{a0}");
        format!(
            "Cuando se midió, menos de 1 de cada {pairs} pares de fotos distintas se tomó por una \
             copia por error. La foto se compara con todas las fotos de las listas."
        )
    },
    missed: |count| {
        format!(
            "De cada 100 copias retocadas de fotos registradas aquí, unas {count} no se reconocen. \
             Las muy recortadas se escapan más a menudo, y también las copias de fotos de listas \
             recibidas de otros."
        )
    },
};

const EVIDENCE: EvidenceWords = EvidenceWords {
    title: "Qué vio la revisión",
    photo: "La foto, con lo que se encontró marcado",
    no_picture: "Aquí no se puede mostrar la foto.",
    matched: |part, list, mirrored| {
        let mirrored = if mirrored { ", como en un espejo" } else { "" };
        format!(
            "La parte marcada coincide con {part} de una foto de la lista «{list}»{mirrored}. Las \
             fotos de las listas no se guardan aquí, por eso no se puede mostrar al lado."
        )
    },
    whole: "la totalidad",
    middle: "el centro",
    top: "la parte superior",
    inner: "la imagen dentro del marco",
    face: "la zona de una cara",
    detail: "un detalle",
    one_face: "La cara que se revisó está marcada.",
    faces: |count| {
        format!(
            "Se encontraron {count} caras. La que más parece hecha con IA tiene el marco grueso."
        )
    },
    heat: "Cuanto más roja una zona, más le pareció a la revisión hecha con IA. Es una pista de \
           dónde mirar, no una prueba.",
    heat_slider: "Mostrar las zonas rojas con más o menos intensidad",
    marks: "Qué dice el archivo de sí mismo",
    no_marks: "El archivo no dice nada de su origen. Es lo habitual: las aplicaciones de \
               mensajes y de citas quitan esas marcas.",
    ai_generated: |by| format!("El archivo dice que la imagen se hizo con IA{}.", in_brackets(by)),
    ai_edited: |by| format!("El archivo dice que la imagen se modificó con IA{}.", in_brackets(by)),
    camera: |by| format!("El archivo indica una cámara{}.", in_brackets(by)),
    program: |by| format!("El archivo indica un programa de imágenes{}.", in_brackets(by)),
    preview: "La pequeña vista previa dentro del archivo muestra otra imagen: la foto se modificó \
              después de tomarla.",
    broken: "El registro de origen del archivo está dañado o es de otra imagen.",
    trusted: "Una firma válida muestra quién escribió esto.",
    untrusted: "Cualquiera puede escribir esto en un archivo.",
};

const HELP: Help = Help {
    who_title: "Esto no le dice quién le escribe",
    who: &[
        "La revisión mira una imagen, no a una persona. Una foto sin ningún indicio puede ser \
         robada de un lugar que nadie ha denunciado, y un retrato hecho con IA puede ser de una \
         persona honesta.",
        "Si alguien a quien nunca ha visto en persona le pide dinero, tarjetas de regalo o una \
         inversión, no envíe nada, diga lo que diga la revisión de una foto.",
        "Es posible que a la persona que escribe la estén obligando: las Naciones Unidas hablan \
         de cientos de miles de personas retenidas y forzadas a trabajar en estafas.",
    ],
    now_title: "Qué hacer ahora",
    situations: &[
        Situation {
            id: "wonder",
            title: "Solo tengo dudas",
            lead: "No ha perdido nada. Tómese su tiempo: nadie honesto le meterá prisa.",
            steps: &[
                "Hable con alguien de confianza antes de seguir.",
                "Pida una videollamada en directo y algo imprevisto durante ella: que se ponga \
                 de perfil o que pase una mano por delante de la cara. Ni siquiera eso es una \
                 prueba, porque las caras se pueden cambiar en directo.",
                "Busque la foto en otros sitios, como se explica más abajo.",
                "No envíe dinero, documentos ni fotos íntimas a alguien a quien no ha visto en \
                 persona.",
            ],
        },
        Situation {
            id: "photos",
            title: "Envié fotos o documentos",
            lead: "Si alguien le amenaza con mostrarlos, eso es chantaje. Es un delito, y usted \
                   no hizo nada malo.",
            steps: &[
                "No pague. Nadie puede comprobar que después se borren las imágenes.",
                "Conserve los mensajes, los nombres y las cuentas; haga capturas de pantalla \
                 antes de bloquear a nadie.",
                "Denuncie la cuenta ante la aplicación y el chantaje ante la policía.",
                "Si envió un documento de identidad o un pasaporte, avise a su banco y a la \
                 oficina que lo expidió.",
                "Si tiene menos de 18 años, hable hoy mismo con un adulto de confianza. No hace \
                 falta que le muestre las imágenes.",
            ],
        },
        Situation {
            id: "money",
            title: "Envié dinero o datos bancarios",
            lead: "Un delincuente le mintió. Fue un delito, y usted no tiene la culpa. Actúe hoy: \
                   cuanto antes lo sepa el banco, mejor.",
            steps: &[
                "Llame primero a su banco, al número que figura en su tarjeta, y pida que \
                 detengan o reclamen el pago. Si fueron tarjetas de regalo, criptomonedas o una \
                 empresa de envíos, llame también a esa empresa.",
                "No envíe nada más, ni siquiera una comisión para recuperar el dinero. Quien se \
                 la pide le está robando otra vez.",
                "Guarde todo: mensajes, fotos, recibos, números de cuenta y de teléfono. No \
                 borre la conversación.",
                "Cambie sus contraseñas si compartió alguna o si alguien tuvo acceso a su \
                 dispositivo.",
                "Denúncielo a la policía (más abajo) y a la aplicación o al sitio donde se \
                 conocieron.",
                "Hable con alguien de confianza. Esto le pasa a muchísima gente.",
            ],
        },
    ],
    elsewhere_title: "Busque la foto en otros sitios",
    elsewhere: &[
        "Búsqueda inversa de imágenes: Google Lens, Bing Visual Search, TinEye y Yandex Images \
         muestran en qué otros lugares de la web está una imagen. Cada uno encuentra cosas \
         distintas. Si aparece con otro nombre, es probable que sea robada.",
        "Marcas de agua invisibles: las imágenes hechas con la IA de Google llevan una que esta \
         página no puede leer (SynthID). La aplicación Gemini sí: súbale la imagen y pregunte si \
         la hizo la IA de Google.",
        "En ambos casos, la imagen se envía a otra empresa.",
    ],
};

const REFUSALS: Refusals = Refusals {
    title: "Este archivo no se pudo revisar",
    title_ours: "No se pudo hacer la revisión en este momento",
    no_photo: Refused {
        what: "No llegó ninguna foto.",
        what_to_do: "Elija primero una foto y después pulse el botón.",
    },
    several: Refused {
        what: "Llegaron varias fotos a la vez.",
        what_to_do: "Sin JavaScript, revise las fotos de una en una.",
    },
    empty: Refused {
        what: "El archivo está vacío.",
        what_to_do: "Guarde la foto otra vez y elija ese archivo.",
    },
    too_many_bytes: Refused {
        what: "El archivo tiene más de 20 MB.",
        what_to_do: "Haga una copia más pequeña: en el teléfono, edite la foto y guárdela en un \
                     tamaño menor, o haga una captura de pantalla y elija la captura.",
    },
    format: |format| format!("Los archivos de este tipo ({format}) no se pueden leer aquí."),
    format_do: "Guarde la foto como JPEG o PNG y elija ese archivo, o haga una captura de \
                pantalla y elija la captura.",
    not_an_image: Refused {
        what: "El archivo no es una foto, o es de un tipo que aquí no se conoce.",
        what_to_do: "Elija una foto. Si ya lo es, haga una captura de pantalla de ella y elija la \
                     captura.",
    },
    too_many_pixels: Refused {
        what: "La foto tiene demasiados píxeles.",
        what_to_do: "Haga una copia más pequeña, o una captura de pantalla de la foto, y elija \
                     esa.",
    },
    too_small: Refused {
        what: "La imagen es demasiado pequeña para ver algo en ella.",
        what_to_do: "Abra la foto en tamaño completo, guárdela desde ahí y elija ese archivo.",
    },
    damaged: Refused {
        what: "El archivo está dañado: falta una parte de la imagen.",
        what_to_do: "Guarde o descargue la foto otra vez, o haga una captura de pantalla de ella.",
    },
    busy: Refused {
        what: "En este momento se están revisando muchas fotos. La suya no tiene ningún problema.",
        what_to_do: "Espere unos segundos y envíela otra vez.",
    },
    rate_limited: Refused {
        what: "Desde su conexión llegaron demasiadas fotos en un minuto. La suya no tiene ningún \
               problema.",
        what_to_do: "Espere un minuto y envíela otra vez.",
    },
    quota: Refused {
        what: "Esta clave ya revisó todas las fotos que puede revisar en un día. La suya no tiene \
               ningún problema.",
        what_to_do: "Inténtelo mañana.",
    },
    too_slow: Refused {
        what: "La foto no llegó completa: la conexión era demasiado lenta o se cortó.",
        what_to_do: "Inténtelo otra vez, con mejor conexión si puede, o envíe una copia más \
                     pequeña.",
    },
    key: Refused {
        what: "Este servicio solo revisa fotos de quienes tienen una clave, y no llegó ninguna \
               válida.",
        what_to_do: "Escriba la clave que le dio quien administra este servicio y elija la foto \
                     otra vez.",
    },
    failed: Refused {
        what: "Algo falló aquí. Su foto no tiene ningún problema.",
        what_to_do: "Vuelva a intentarlo más tarde.",
    },
};

const PROTECT: ProtectWords = ProtectWords {
    link: "¿Alguien usa las fotos de usted sin permiso? Protéjalas",
    title: "Proteja sus fotos",
    lead: "¿Alguien se hace pasar por usted con sus fotos? Esta página crea en su dispositivo una \
           huella digital de cada foto. Con ella, una plataforma puede buscar copias sin tener \
           nunca la foto.",
    no_script: "Esta página necesita JavaScript: las huellas se crean en su dispositivo.",
    choose: "Elija sus fotos",
    stays: "Nada sale de este dispositivo: no se envían ni las fotos ni las huellas.",
    working: "Creando las huellas …",
    done: "Las huellas están listas.",
    usable: "huella creada",
    low_detail: "muestra muy poco detalle y no se incluye: coincidiría también con otras fotos",
    unreadable: "este navegador no la puede leer; guárdela como JPEG y elija ese archivo",
    noise: "Este navegador cambia píxeles al azar para ocultar en qué dispositivo funciona, así \
            que las huellas serían erróneas. Abra esta página en una ventana normal, no privada, \
            o permita que lea los lienzos (canvas).",
    made: "Sus huellas",
    list: "Esto es todo lo que contiene la lista, una foto por línea",
    save: "Guardar la lista",
    next_title: "Qué hacer con la lista",
    next: &[
        "Denuncie la cuenta que usa sus fotos en la aplicación donde la encontró.",
        "Pregunte a la aplicación si acepta una lista de hashes PDQ (así se llaman las huellas) y, \
         si es así, envíesela. Un servicio que use photocheck puede importarla.",
        "Diga que usted es la persona de las fotos. Allí alguien debería confirmarlo antes de que \
         se advierta a nadie; la lista lo pide.",
        "Para retirar la lista, escriba otra vez al mismo lugar y pregunte si la han pasado a \
         otros.",
    ],
    limits_title: "Qué pueden hacer las huellas y qué no",
    limits: &[
        "Una huella no es la foto, pero de ella podría sacarse una imagen parecida, y quien tenga \
         la misma foto puede reconocerla. Entregue la lista solo a quien le merezca confianza.",
        "Una huella encuentra copias guardadas otra vez o reducidas. Las copias recortadas, aunque \
         sea un poco, casi siempre pasan inadvertidas.",
        "Encuentra estas fotos, no su cara en otras fotos.",
    ],
};
