//! Uploads as real networks bring them: slow, half-closed, doubled, too large; and what is said of
//! requests that cannot be read.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use photocheck::http::arrival::Pace;
use photocheck::http::room::Room;
use reqwest::multipart::Part;
use serde_json::Value;

use crate::support::{Service, Setup, fixture, photo_form};

const PHOTO: &str = "edge/png-8.png";
const KIB: u64 = 1024;

/// A connection on which the head of an upload of `bytes` has been sent.
fn begun(service: &Service, bytes: usize) -> TcpStream {
    begun_at(service, "/v1/check", bytes)
}

fn begun_at(service: &Service, path: &str, bytes: usize) -> TcpStream {
    begun_of(service, path, bytes, "image/jpeg")
}

fn begun_of(service: &Service, path: &str, bytes: usize, kind: &str) -> TcpStream {
    let mut stream = TcpStream::connect(service.url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {kind}\r\n\
         content-length: {bytes}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// What comes back: the status, and all of it.
fn answer(mut stream: TcpStream) -> (u16, String) {
    let mut answer = Vec::new();
    // A connection may be reset after the answer, because the body never came to its end.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
    (status, answer)
}

fn quick_pace() -> Pace {
    Pace {
        span: Duration::from_secs(1),
        bytes_min: 2 * KIB,
        wanted_span: Duration::from_millis(100),
        wanted_bytes_min: 64 * KIB,
        wait_max: Duration::from_secs(30),
    }
}

/// It takes many times the span in which some bytes must come, and is taken: they keep coming.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_steady_upload_is_taken() {
    let service = Service::start_with(Setup { pace: quick_pace(), ..Setup::default() }).await;
    let photo = fixture("photos/real-coffee.jpg");
    let began = Instant::now();
    let (status, text) = tokio::task::block_in_place(|| {
        let mut stream = begun(&service, photo.len());
        // Some three seconds in all, whatever the size of the photo.
        for piece in photo.chunks((photo.len() / 60).max(1)) {
            stream.write_all(piece).unwrap();
            std::thread::sleep(Duration::from_millis(50));
        }
        answer(stream)
    });
    assert_eq!(status, 200, "{text}");
    assert!(Duration::from_millis(2500) < began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_dribbles_or_stops_is_cut_off() {
    let service = Service::start_with(Setup { pace: quick_pace(), ..Setup::default() }).await;
    for piece in [b"x".as_slice(), b""] {
        let (status, text) = tokio::task::block_in_place(|| {
            let mut stream = begun(&service, 1_000_000);
            let mut also = stream.try_clone().unwrap();
            let writer = std::thread::spawn(move || {
                for _ in 0..100 {
                    if also.write_all(piece).is_err() {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
            stream.flush().unwrap();
            let answer = answer(stream);
            writer.join().unwrap();
            answer
        });
        assert_eq!(status, 408, "{text}");
        assert!(text.contains("TOO_SLOW") && text.contains("the minimum is 2048"), "{text}");
    }
}

/// Many that dribble hold no place: the queue is open to whoever has a photo.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dribbling_uploads_hold_no_place_in_the_queue() {
    let setup = Setup { cores: 1, waiting_max: 1, ..Setup::default() };
    let service = Service::start_with(setup).await;
    let held: Vec<TcpStream> = (0..50)
        .map(|_| {
            let mut stream = begun(&service, 20_000_000);
            stream.write_all(b"\xff\xd8\xff").unwrap();
            stream
        })
        .collect();
    for _ in 0..3 {
        assert_eq!(service.check(fixture(PHOTO)).await.status(), 200);
    }
    assert_eq!(held.len(), 50);
}

/// Where they hold all memory, it is taken back from them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_taken_back_from_who_dribbles() {
    let pace = Pace { span: Duration::from_mins(10), ..quick_pace() };
    // Two steps of 64 KiB, and the reserve.
    let room = Some(Room::new(128 * KIB + 21 * KIB * KIB, 21 * KIB * KIB));
    let service = Service::start_with(Setup { pace, room, ..Setup::default() }).await;
    let mut held: Vec<TcpStream> = (0..6).map(|_| begun(&service, 20_000_000)).collect();
    for stream in &mut held {
        stream.write_all(b"\xff\xd8\xff").unwrap();
    }
    for _ in 0..3 {
        assert_eq!(service.check(fixture(PHOTO)).await.status(), 200);
    }
    let answers = tokio::task::block_in_place(|| {
        // Those that hold something yet are not answered.
        let soon = Some(Duration::from_millis(500));
        for stream in &held {
            stream.set_read_timeout(soon).unwrap();
        }
        held.into_iter().map(answer).collect::<Vec<_>>()
    });
    let cut_off: Vec<_> = answers.iter().filter(|(status, _)| *status == 503).collect();
    assert!(!cut_off.is_empty(), "{answers:?}");
    for (_, text) in cut_off {
        assert!(text.contains("\"BUSY\"") && text.to_lowercase().contains("retry-after"), "{text}");
    }
}

/// An import runs alone: one that stops coming gives way to the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_stops_coming_is_cut_off() {
    let service = Service::start_with(Setup { pace: quick_pace(), ..Setup::default() }).await;
    service.create_bank("A").await;
    let line = "ab".repeat(32) + "\n";
    let (status, text) = tokio::task::block_in_place(|| {
        let mut stream = begun_at(&service, "/v1/banks/A/import?format=text", 1_000_000);
        stream.write_all(line.as_bytes()).unwrap();
        answer(stream)
    });
    assert_eq!(status, 408, "{text}");
    assert!(text.contains("IMPORT_TOO_SLOW") && text.contains("repeat the import"), "{text}");
    let next = service.client.post(service.at("/v1/banks/A/import")).body(line);
    assert_eq!(next.send().await.unwrap().status(), 200);
}

/// `nc -N` and the like: all was sent, the sending half is closed, the answer is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_closed_client_gets_its_answer() {
    let service = Service::start().await;
    let photo = fixture(PHOTO);
    let (status, text) = tokio::task::block_in_place(|| {
        let mut stream = begun(&service, photo.len());
        stream.write_all(&photo).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        answer(stream)
    });
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("\"verdict\""), "{text}");
    // Half a photo and the end is no photo.
    let (status, text) = tokio::task::block_in_place(|| {
        let mut stream = begun(&service, photo.len());
        stream.write_all(&photo[..photo.len() / 2]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        answer(stream)
    });
    assert!(status == 400 || status == 0, "{text}");
}

async fn problem(answer: reqwest::Response) -> (u16, String, String) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let body: Value = answer.json().await.unwrap();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (status, text("code"), text("detail"))
}

#[tokio::test]
async fn one_photo_a_request_is_taken() {
    let service = Service::start().await;
    let post = |form| service.client.post(service.at("/v1/check")).multipart(form).send();
    // The second is no photo, or a large one of which the sender has much left to send.
    for second in [b"no photo".to_vec(), vec![0xFF; 5_000_000]] {
        let part = Part::bytes(second).file_name("second");
        let form = photo_form(fixture(PHOTO)).part("photo", part);
        let (status, code, detail) = problem(post(form).await.unwrap()).await;
        assert_eq!((status, code.as_str()), (422, "SEVERAL_PHOTOS"), "{detail}");
        assert!(detail.contains("takes one photo"), "{detail}");
    }
    let form = photo_form(fixture(PHOTO)).text("account_id", "1").text("account_id", "2");
    let (status, code, detail) = problem(post(form).await.unwrap()).await;
    assert_eq!((status, code.as_str()), (422, "FIELD_TWICE"));
    assert!(detail.contains("account_id"), "{detail}");
    service.create_bank("A").await;
    let form = photo_form(fixture(PHOTO)).part("photo", Part::bytes(fixture(PHOTO)));
    let url = service.at("/v1/banks/A/contents");
    let sent = service.client.post(url).multipart(form).send().await.unwrap();
    assert_eq!(problem(sent).await.1, "SEVERAL_PHOTOS");
    let listed = service.client.get(service.at("/v1/banks/A")).send().await.unwrap();
    assert_eq!(listed.json::<Value>().await.unwrap()["contents"], 0);
}

/// A size that is told is the size; where it is not known, it is more than the limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sizes_are_true() {
    const LIMIT: usize = 20 * 1024 * 1024;
    let service = Service::start().await;
    let detail_of = async |bytes: usize| {
        let sent = service.check(vec![0; bytes]).await;
        let (status, code, detail) = problem(sent).await;
        assert_eq!((status, code.as_str()), (413, "PHOTO_TOO_MANY_BYTES"), "{detail}");
        detail
    };
    let exact = format!("the file has 31457280 bytes, the limit is {LIMIT}; send a smaller copy");
    // Only the head is sent: the answer must not wait for more.
    let announced = |bytes: usize, kind: &str| {
        tokio::task::block_in_place(|| answer(begun_of(&service, "/v1/check", bytes, kind)))
    };
    let (status, text) = announced(31_457_280, "image/jpeg");
    assert!(status == 413 && text.contains(&exact), "{text}");
    let more = format!("the file has more than {LIMIT} bytes, which is the limit");
    let (status, text) = announced(LIMIT + 1, "image/jpeg");
    assert!(status == 413 && text.contains(&more), "{text}");
    assert_eq!(
        detail_of(LIMIT + 5).await,
        format!("the file has {} bytes, the limit is {LIMIT}; send a smaller copy", LIMIT + 5)
    );
    // The form is larger than the file in it.
    let form = format!("the form has 31457280 bytes, the limit for a file is {LIMIT}");
    let (status, text) = announced(31_457_280, "multipart/form-data; boundary=x");
    assert!(status == 413 && text.contains(&form), "{text}");
    let stream = reqwest::Body::from(vec![0; 100]);
    assert_eq!(
        service.client.post(service.at("/v1/check")).body(stream).send().await.unwrap().status(),
        415
    );
}

/// A client that sends all of a body that is too large, and reads only then, still reads why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_too_large_may_be_sent_to_its_end() {
    const BYTES: usize = 30_000_000;
    let service = Service::start().await;
    for path in ["/v1/check", "/v1/banks/NONE/contents"] {
        let (status, text) = tokio::task::block_in_place(|| {
            let mut stream = begun_at(&service, path, BYTES);
            for piece in vec![0; BYTES].chunks(100_000) {
                stream.write_all(piece).unwrap();
            }
            answer(stream)
        });
        assert!(status == 413 && text.contains("PHOTO_TOO_MANY_BYTES"), "{path}: {text}");
    }
}

/// What cannot be read is answered with the name of the field and what was wrong with it.
#[tokio::test]
async fn what_was_wrong_is_said() {
    let service = Service::start().await;
    service.create_bank("A").await;
    let check = async |method: &str, path: &str, body: &str, status: u16, said: &[&str]| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = service.client.request(method, service.at(path)).body(body.to_owned());
        let sent = request.header("content-type", "application/json").send().await.unwrap();
        let (found, code, detail) = problem(sent).await;
        assert_eq!((found, code.as_str()), (status, "BAD_REQUEST"), "{body}: {detail}");
        for said in said {
            assert!(detail.contains(said), "{path} {body}: {detail}");
        }
    };
    let post = async |body: &str, status: u16, said: &[&str]| {
        check("POST", "/v1/banks", body, status, said).await;
    };
    post(r#"{"name":"A","prupose":"allow"}"#, 422, &["unknown field `prupose`", "`purpose`"]).await;
    post(r#"{"name":5}"#, 422, &["name: ", "expected a string"]).await;
    post(r#"{"purpose":"allow"}"#, 422, &["missing field `name`"]).await;
    post(r#"{"name":"#, 400, &["EOF", "line 1 column 8"]).await;
    post(r#"{"name":"A"} x"#, 400, &["trailing", "line 1 column 14"]).await;
    post("", 400, &["EOF"]).await;
    let change = "/v1/banks/A/contents/1";
    check("PATCH", change, r#"{"enabled":"yes"}"#, 422, &["enabled: ", "a boolean"]).await;
    check("PATCH", "/v1/banks/A/contents/x", "{}", 400, &["\"x\"", "whole number"]).await;
    let pages = "/v1/banks/A/contents";
    check("GET", &format!("{pages}?after=abc"), "", 400, &["after: ", "whole number", "abc"]).await;
    check("GET", &format!("{pages}?aftr=1"), "", 400, &["unknown field `aftr`", "`after`"]).await;
    let import = "/v1/banks/A/import?create=perhaps";
    check("POST", import, "", 400, &["create: ", "`true` or `false`"]).await;

    let plain = service.client.post(service.at("/v1/banks")).body(r#"{"name":"B"}"#);
    let (status, code, detail) = problem(plain.send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (415, "CONTENT_TYPE"));
    assert!(detail.contains("application/json"), "{detail}");
}
