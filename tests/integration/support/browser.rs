//! A real Chromium, driven through ChromeDriver by the W3C WebDriver protocol.
//!
//! The few calls that the page's test needs are spoken directly: a client library would change
//! features of crates below tract, and the program's tests would compile tract a second time.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// An open browser window. Closed with its driver when it is dropped.
pub struct Browser {
    driver: Child,
    client: Client,
    session: String,
}

impl Browser {
    /// Opens a window of this size; `None`, said in one line, where there is no Chromium. In CI
    /// there must be one.
    pub async fn open(width: u32, height: u32) -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(driver) = driver else {
            assert!(std::env::var_os("CI").is_none(), "in CI chromedriver must be there");
            eprintln!("skipped: chromedriver is not here");
            return None;
        };
        let url = format!("http://127.0.0.1:{port}");
        let mut browser = Self { driver, client: Client::new(), session: url };
        browser.begin(width, height).await;
        Some(browser)
    }

    async fn begin(&mut self, width: u32, height: u32) {
        let begun = Instant::now();
        while self.client.get(format!("{}/status", self.session)).send().await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "chromedriver does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let size = format!("--window-size={width},{height}");
        let args = json!([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            size,
        ]);
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": args },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let made = self.call(Method::POST, "/session", Some(capabilities)).await;
        let id = made["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {made}"));
        self.session = format!("{}/session/{id}", self.session);
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.client.request(method, format!("{}{path}", self.session));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["value"].clone()
    }

    pub async fn go(&self, url: &str) {
        self.call(Method::POST, "/url", Some(json!({ "url": url }))).await;
    }

    /// Puts a file into a file field, as choosing it does.
    pub async fn choose_file(&self, selector: &str, file: &Path) {
        self.choose_files(selector, &[file]).await;
    }

    /// The same with several at once.
    pub async fn choose_files(&self, selector: &str, files: &[&Path]) {
        let files = files.iter().map(|file| file.canonicalize().unwrap().display().to_string());
        let text = files.collect::<Vec<_>>().join("\n");
        self.on_element(selector, "value", json!({ "text": text })).await;
    }

    /// Clicks an element.
    pub async fn click(&self, selector: &str) {
        self.on_element(selector, "click", json!({})).await;
    }

    async fn on_element(&self, selector: &str, action: &str, body: Value) {
        let query = json!({ "using": "css selector", "value": selector });
        let element = self.call(Method::POST, "/element", Some(query)).await;
        let id = element[ELEMENT].as_str().unwrap_or_else(|| panic!("{selector}: {element}"));
        let done = self.call(Method::POST, &format!("/element/{id}/{action}"), Some(body)).await;
        assert!(done.is_null(), "{selector} {action}: {done}");
    }

    /// Sends a command of the Chrome `DevTools` Protocol: what WebDriver has no word for.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.call(Method::POST, "/goog/cdp/execute", Some(body)).await
    }

    /// Shows pages from now on as a window of this width and colour scheme does.
    pub async fn look(&self, width: u32, scheme: &str) {
        let size =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", scheme).await;
    }

    /// What axe-core finds wrong with the page by WCAG 2.2 AA; `None`, said in one line, where
    /// `PHOTOCHECK_AXE` does not name its script. In CI it must.
    pub async fn accessibility_violations(&self) -> Option<Vec<String>> {
        let Some(script) = std::env::var_os("PHOTOCHECK_AXE") else {
            assert!(std::env::var_os("CI").is_none(), "in CI PHOTOCHECK_AXE must name axe.min.js");
            eprintln!("skipped: PHOTOCHECK_AXE names no axe.min.js");
            return None;
        };
        let script = json!({ "script": std::fs::read_to_string(script).unwrap(), "args": [] });
        self.call(Method::POST, "/execute/sync", Some(script)).await;
        let run = "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', \
                   'best-practice'] })";
        let result = self.value(run).await;
        assert!(!result["passes"].as_array().unwrap().is_empty(), "{result}");
        let described = |it: &Value| format!("{}: {}", it["id"], it["nodes"]);
        Some(result["violations"].as_array().unwrap().iter().map(described).collect())
    }

    /// The value of a JavaScript expression in the page.
    pub async fn value(&self, expression: &str) -> Value {
        let script = json!({ "script": format!("return {expression}"), "args": [] });
        self.call(Method::POST, "/execute/sync", Some(script)).await
    }

    /// Waits until a JavaScript expression is true.
    pub async fn until(&self, expression: &str) {
        let begun = Instant::now();
        while self.value(expression).await != Value::Bool(true) {
            assert!(begun.elapsed() < Duration::from_mins(1), "never true: {expression}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the browser complained of: errors of scripts and breaches of the page's policy.
    pub async fn complaints(&self) -> Vec<Value> {
        let log = self.call(Method::POST, "/se/log", Some(json!({ "type": "browser" }))).await;
        log.as_array().unwrap().clone()
    }

    /// Writes a picture of the whole page to where `PHOTOCHECK_SCREENSHOTS` says, if it says.
    pub async fn screenshot(&self, name: &str) {
        let Some(folder) = std::env::var_os("PHOTOCHECK_SCREENSHOTS") else { return };
        let whole = json!({ "captureBeyondViewport": true });
        let picture = self.devtools("Page.captureScreenshot", whole).await;
        let picture = BASE64_STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        std::fs::write(Path::new(&folder).join(name), picture).unwrap();
    }
}

/// The expression that is true once the API page shows every operation of this description.
pub fn shows_all_operations(api: &Value) -> String {
    let methods = ["get", "put", "post", "patch", "delete"];
    let paths = api["paths"].as_object().unwrap().values();
    let count: usize = paths
        .map(|path| methods.iter().filter(|method| path.get(**method).is_some()).count())
        .sum();
    format!("0 < {count} && document.querySelectorAll('.opblock').length === {count}")
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ending the driver's session from here would need an await; it closes its browser itself.
        let _ = Command::new("kill").args(["-TERM", &self.driver.id().to_string()]).status();
        let _ = self.driver.wait();
    }
}
