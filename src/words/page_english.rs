//! The pages in English.

use super::page::{
    CommonWords, EvidenceWords, FactsWords, Form, Frame, Help, KnownPhotoWords, MadeByAiWords,
    PageWords, Progress, ProtectWords, Refusals, Refused, ReportWords, Said, Situation, grouped,
    in_brackets,
};

pub(super) const WORDS: PageWords = PageWords {
    language: "English",
    frame: Frame {
        title: "Check a photo",
        skip: "Skip to the page",
        languages: "Language",
        developers: "For developers: the API",
    },
    form: FORM,
    progress: Progress {
        sending: "Sending the photo.",
        looking: "Looking at the photo …",
        waiting: "Many photos are being checked at the moment. Yours is tried again in {} s. \
                  There is nothing wrong with it.",
        done: "The result is here.",
        refused: "There is no result for this file. Below is why.",
        offline: "The check could not be reached. Is this device connected? Choose the photo \
                  again to try once more.",
        too_many: "Only the first {} files are checked. Check the others after them.",
        result_of: "Result",
    },
    made_by_ai: MADE_BY_AI,
    known_photo: KNOWN_PHOTO,
    evidence: EVIDENCE,
    facts: FactsWords {
        title: "For your bank, the police or the app",
        lead: "With these lines somebody who has the file can see that it is the same one. \
               They are no proof of when it was checked.",
        checked_at: "Checked",
        file: "File name",
        picture: "Picture",
        fingerprint: "Fingerprint of the file (SHA-256)",
        id: "Number of this check",
        checked_with: "Checked with",
        print: "Print",
        save: "Save as a file",
        save_without_script: "To keep this result, print this page or save it with your browser. \
                              It is not stored here.",
    },
    common: CommonWords {
        title: "What these photos have in common",
        lead: "{} photos were checked.",
        same_file: "The very same file: {}.",
        same_picture: "Copies of one picture: {}.",
        same_list: "On the same list of known photos ({}): {}.",
        ai: "Look as if AI made them, or say so themselves: {}.",
        same_origin: "Name the same program or camera ({}): {}.",
        nothing: "Nothing in common was found.",
        not: "Honest profiles show several photos from one camera too.",
    },
    help: HELP,
    report: ReportWords {
        title: "Where to report",
        lead: "A report helps others even if you lost nothing. In danger, call the emergency \
               number of your country.",
        elsewhere: "Your country is not here? Go to your local police, or call the number that \
                    you find on its own website.",
        checked: |date| format!("looked up on {date}"),
        named_by_others: "named by others; not yet checked at the office itself",
        phone: "Phone",
    },
    refusals: REFUSALS,
    protect: PROTECT,
};

const FORM: Form = Form {
    title: "Check a photo",
    lead_lists: "Somebody sent you a photo, and you wonder about it? This page looks for signs \
                 that AI made it, and compares it with lists of photos that are known to be \
                 stolen or used in scams.",
    lead_no_lists: "Somebody sent you a photo, and you wonder about it? This page looks for \
                    signs that AI made it. It has no list of known photos at the moment, so it \
                    cannot tell whether a photo was stolen.",
    lead_unknown_lists: "Somebody sent you a photo, and you wonder about it? This page looks for \
                         signs that AI made it, and compares it with lists of known photos if \
                         this service has any.",
    jump: "I have already sent money or photos: what to do now",
    choose: "Choose a photo",
    or: "You can also drop it here or paste it.",
    limits: |mebibytes| {
        format!(
            "JPEG, PNG, WebP, GIF or HEIC (as phones take them), up to {mebibytes} MB and 64 \
             megapixels."
        )
    },
    several: "Several photos of one profile can be checked together.",
    camera: "Use the camera",
    submit: "Check this photo",
    kept: "The photo is not stored. It is looked at once and then dropped.",
    key: "Key of this service",
    key_hint: "This service only checks photos for those who have a key.",
    key_script: "Without JavaScript this page cannot send a key.",
    offline: "This device is not connected at the moment. You can still read this page.",
};

const MADE_BY_AI: MadeByAiWords = MadeByAiWords {
    question: "Was it made by AI?",
    declared: Said {
        label: "The file says so",
        sentence: "The file itself says that AI made this picture.",
        not: "It does not mean that whoever sent it is lying. Some people use an AI portrait \
              because they like it better than a photo of themselves.",
    },
    declared_sure: "Hardly anybody would write such a mark into a real photo, but anybody could. \
                    Nobody has counted how often that happens.",
    likely: Said {
        label: "Signs found",
        sentence: "This photo looks as if AI made it.",
        not: "It is not proof. A real photo that was heavily retouched can look like this, and \
              some honest people use an AI portrait.",
    },
    unsure: Said {
        label: "Unclear",
        sentence: "The check cannot tell whether AI made this photo.",
        not: "It does not mean that part of the photo was made by AI, nor that it probably was.",
    },
    no_sign: Said {
        label: "No sign found",
        sentence: "No sign was found that AI made this photo.",
        not: "It does not mean that the photo is real. A face that was put into a real photo is \
              not found either.",
    },
    no_face: Said {
        label: "Not checked",
        sentence: "The photo was not checked for AI, because no face was found in it.",
        not: "This says nothing either way. A photo that shows a face can be checked.",
    },
    small: Said {
        label: "Not checked",
        sentence: "The photo was not checked for AI, because the face in it is too small.",
        not: "This says nothing either way. A larger copy of the photo may help, but not one \
              that was only enlarged.",
    },
    blurred: Said {
        label: "Not checked",
        sentence: "The photo was not checked for AI, because the face in it is too blurred.",
        not: "This says nothing either way. A sharper photo may help.",
    },
    drawn: Said {
        label: "Not checked",
        sentence: "The photo was not checked for AI, because it seems to be a drawing or a \
                   figure.",
        not: "This says nothing either way. The check only knows photos of people.",
    },
    failed: Said {
        label: "Not checked",
        sentence: "The photo was not checked for AI, because that part of the check failed.",
        not: "This is not the photo's fault. Please try again later.",
    },
    real: |count, of| {
        let look = if count == 1 { "looks" } else { "look" };
        format!("Of {of} real photos, about {count} {look} like this to the check.")
    },
    missed: |count, of| format!("Of {of} photos made by AI, about {count} get this answer too."),
};

const KNOWN_PHOTO: KnownPhotoWords = KnownPhotoWords {
    question: "Is it a photo that is known from scams?",
    found: Said {
        label: "Copy found",
        sentence: "This is a copy of a photo that is known to be stolen or used in scams.",
        not: "It does not mean that the person in the photo did anything wrong. If it shows a \
              real person, the photo was most likely stolen from them.",
    },
    unsure: Said {
        label: "Unclear",
        sentence: "This is a copy of a photo that was reported, but it is not certain that it \
                   belongs on the list.",
        not: "It is not proof: somebody may have reported it by mistake or out of spite.",
    },
    allowed: Said {
        label: "Listed as harmless",
        sentence: "This is a copy of a photo that this service has listed as harmless.",
        not: "It does not mean that the person who sent it to you is the one in the photo.",
    },
    no_match: Said {
        label: "No copy found",
        sentence: "No copy of this photo was found on the lists of this service.",
        not: "It does not mean that the photo was not stolen. A stolen photo that nobody has \
              reported here is on no list.",
    },
    no_lists: Said {
        label: "Not checked",
        sentence: "This photo was not compared with any others: this service has no list of \
                   known photos.",
        not: "Whether it was stolen is open. Look it up elsewhere, as described below.",
    },
    low_detail: Said {
        label: "Not checked",
        sentence: "This photo was not compared with known photos, because it shows too little \
                   detail.",
        not: "Whether it was stolen is open. A larger or sharper copy may help.",
    },
    by_chance: |pairs| {
        let pairs = grouped(pairs, ",");
        format!(
            "When this was measured, fewer than 1 in {pairs} pairs of different photos were taken \
             for a copy by mistake. The photo is compared with every photo on the lists."
        )
    },
    missed: |count| {
        format!(
            "Of 100 edited copies of photos that were listed here, about {count} are not \
             recognized. Heavily cropped ones are missed more often, and so are copies of photos \
             on lists that were taken over from others."
        )
    },
};

const EVIDENCE: EvidenceWords = EvidenceWords {
    title: "What the check saw",
    photo: "The photo, with what was found outlined",
    no_picture: "The photo cannot be shown here.",
    matched: |part, list, mirrored| {
        let mirrored = if mirrored { ", mirrored" } else { "" };
        format!(
            "The outlined part is the same as {part} of a photo on the list “{list}”{mirrored}. \
             Photos on lists are not kept here, so that one cannot be shown beside it."
        )
    },
    whole: "the whole",
    middle: "the middle",
    top: "the upper part",
    inner: "the picture inside the frame",
    face: "the part around a face",
    detail: "a detail",
    one_face: "The face that was checked is outlined.",
    faces: |count| {
        format!("{count} faces were found. The one that looks most like AI has the thick outline.")
    },
    heat: "The redder a spot, the more it looked like AI to the check. This is a hint where to \
           look, not proof.",
    heat_slider: "Show the red spots more or less strongly",
    marks: "What the file says about itself",
    no_marks: "The file says nothing about where it comes from. That is usual: messengers and \
               dating apps remove such marks.",
    ai_generated: |by| format!("The file says that AI made the picture{}.", in_brackets(by)),
    ai_edited: |by| format!("The file says that AI changed the picture{}.", in_brackets(by)),
    camera: |by| format!("The file names a camera{}.", in_brackets(by)),
    program: |by| format!("The file names a program for pictures{}.", in_brackets(by)),
    preview: "The small preview inside the file shows another picture: the photo was changed \
              after it was taken.",
    broken: "The file's own record of its origin is damaged or belongs to another picture.",
    trusted: "A valid signature shows who wrote this.",
    untrusted: "Anybody can write this into a file.",
};

const HELP: Help = Help {
    who_title: "This does not tell you who is writing to you",
    who: &[
        "A check looks at a picture, not at a person. A photo without any sign can be stolen from \
         a place that nobody has reported, and an AI portrait can belong to an honest person.",
        "If somebody whom you have never met in person asks for money, gift cards or an \
         investment, send nothing, whatever a photo check says.",
        "The person who writes may be forced to: the United Nations speaks of hundreds of \
         thousands of people who are held and made to work in scams.",
    ],
    now_title: "What to do now",
    situations: &[
        Situation {
            id: "wonder",
            title: "I only wonder",
            lead: "Nothing is lost. Take your time; nobody honest will hurry you.",
            steps: &[
                "Talk to somebody you trust before you go on.",
                "Ask for a live video call, and for something unplanned in it: turn to the side, \
                 pass a hand before the face. Even that is no proof, since faces can be swapped \
                 live.",
                "Look the photo up elsewhere, as described below.",
                "Send no money, documents or intimate photos to somebody whom you have not met \
                 in person.",
            ],
        },
        Situation {
            id: "photos",
            title: "I have sent photos or documents",
            lead: "If somebody threatens to show them: that is blackmail. It is a crime, and you \
                   did nothing wrong.",
            steps: &[
                "Do not pay. Nobody can check that the pictures are deleted afterwards.",
                "Keep the messages, names and account names; take screenshots before you block \
                 anybody.",
                "Report the account to the app, and report the blackmail to the police.",
                "If you sent an identity card or a passport, tell your bank and the office that \
                 issued it.",
                "If you are under 18, talk to an adult you trust today. You do not have to show \
                 them the pictures.",
            ],
        },
        Situation {
            id: "money",
            title: "I have sent money or bank details",
            lead: "A criminal lied to you. That was a crime, and it was not your fault. Act \
                   today: the sooner the bank knows, the better.",
            steps: &[
                "Call your bank first, by the number on your card, and ask it to stop or call \
                 back the payment. Gift cards, crypto or a transfer service: call that company \
                 too.",
                "Send nothing more, not even a fee to get money back. Whoever asks for one is \
                 stealing again.",
                "Keep everything: messages, photos, receipts, account and phone numbers. Do not \
                 delete the chat.",
                "Change your passwords if you shared any, or if somebody had access to your \
                 device.",
                "Report it to the police (below) and to the app or website where you met.",
                "Talk to somebody you trust. This happens to very many people.",
            ],
        },
    ],
    elsewhere_title: "Look the photo up elsewhere",
    elsewhere: &[
        "Reverse image search: Google Lens, Bing Visual Search, TinEye and Yandex Images show \
         where else a picture is on the web. Each finds different things. If it stands there \
         under another name, it was probably stolen.",
        "Invisible watermarks: pictures by Google's AI carry one that this page cannot read \
         (SynthID). The Gemini app can: give it the picture and ask whether Google AI made it.",
        "Both send the picture to another company.",
    ],
};

const REFUSALS: Refusals = Refusals {
    title: "This file could not be checked",
    title_ours: "The check could not be done just now",
    no_photo: Refused {
        what: "No photo arrived.",
        what_to_do: "Choose a photo first, then press the button.",
    },
    several: Refused {
        what: "Several photos arrived at once.",
        what_to_do: "Without JavaScript, check one photo after the other.",
    },
    empty: Refused {
        what: "The file is empty.",
        what_to_do: "Save the photo again, then choose that file.",
    },
    too_many_bytes: Refused {
        what: "The file has more than 20 MB.",
        what_to_do: "Make a smaller copy: on a phone, edit the photo and save it in a smaller \
                     size, or take a screenshot of it and choose that.",
    },
    format: |format| format!("Files of this kind ({format}) cannot be read here."),
    format_do: "Save the photo as JPEG or PNG and choose that, or take a screenshot of it and \
                choose the screenshot.",
    not_an_image: Refused {
        what: "The file is not a photo, or of a kind that nobody knows here.",
        what_to_do: "Choose a photo. If it is one, take a screenshot of it and choose that.",
    },
    too_many_pixels: Refused {
        what: "The photo has too many pixels.",
        what_to_do: "Make a smaller copy, or take a screenshot of the photo and choose that.",
    },
    too_small: Refused {
        what: "The picture is too small to see anything in it.",
        what_to_do: "Open the photo in full size, save it from there and choose that file.",
    },
    damaged: Refused {
        what: "The file is damaged: a part of the picture is missing.",
        what_to_do: "Save or download the photo again, or take a screenshot of it.",
    },
    busy: Refused {
        what: "Many photos are being checked at the moment. There is nothing wrong with yours.",
        what_to_do: "Wait a few seconds, then send it again.",
    },
    rate_limited: Refused {
        what: "Too many photos came from your connection within a minute. There is nothing wrong \
               with yours.",
        what_to_do: "Wait a minute, then send it again.",
    },
    quota: Refused {
        what: "This key has checked as many photos as it may in a day. There is nothing wrong \
               with yours.",
        what_to_do: "Try again tomorrow.",
    },
    too_slow: Refused {
        what: "The photo did not arrive whole: the connection was too slow or broke off.",
        what_to_do: "Try again, over a better connection if you can, or send a smaller copy.",
    },
    key: Refused {
        what: "This service only checks photos for those who have a key, and no valid one came.",
        what_to_do: "Enter the key that you got from whoever runs this service, then choose the \
                     photo again.",
    },
    failed: Refused {
        what: "Something failed here. There is nothing wrong with your photo.",
        what_to_do: "Please try again later.",
    },
};

const PROTECT: ProtectWords = ProtectWords {
    link: "Does somebody use your own photos? Protect them",
    title: "Protect your photos",
    lead: "Does somebody pretend to be you with your photos? This page makes a fingerprint of each \
           photo on your device. A platform can look for copies with it, without ever having the \
           photo.",
    no_script: "This page needs JavaScript: the fingerprints are made on your device.",
    choose: "Choose your photos",
    stays: "Nothing leaves this device: neither the photos nor the fingerprints are sent anywhere.",
    working: "Making the fingerprints …",
    done: "The fingerprints are made.",
    usable: "fingerprint made",
    low_detail: "too little detail, so it is left out: it would match other photos too",
    unreadable: "this browser cannot read it; save it as JPEG and choose that",
    noise: "This browser changes pixels at random to hide which device it runs on, so \
            fingerprints would be wrong. Open this page in an ordinary window, not a private \
            one, or allow it to read canvases.",
    made: "Your fingerprints",
    list: "This is all that is in the list, one photo a line",
    save: "Save the list",
    next_title: "What to do with the list",
    next: &[
        "Report the account that uses your photos to the app where you found it.",
        "Ask the app whether it takes a list of PDQ hashes (that is what the fingerprints are \
         called), and send it the list if it does. A service that runs photocheck can import it.",
        "Say that you are the person in the photos. A person there should confirm that before \
         anybody is warned; the list asks for it.",
        "To withdraw the list, write to the same place again, and ask whether it was passed on.",
    ],
    limits_title: "What fingerprints can and cannot do",
    limits: &[
        "A fingerprint is not the photo, but a rough likeness might be made from it, and whoever \
         has the same photo can recognize it. So only give the list to places that you trust.",
        "A fingerprint finds copies that were saved again or made smaller. Copies that were \
         cropped, even a little, are mostly missed.",
        "It finds these photos, not your face in other photos.",
    ],
};
