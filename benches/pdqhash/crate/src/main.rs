//! `pdqhash-timing PHOTO TIMES`: the hash of a photo, and how many milliseconds it took at best.

use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let photo = image::open(arguments.next().ok_or("PHOTO is missing")?)?;
    let times: u32 = arguments.next().ok_or("TIMES is missing")?.parse()?;
    let (mut hash, mut best) = (String::new(), f64::INFINITY);
    for _ in 0..times {
        let begun = Instant::now();
        let (bytes, _) = pdqhash::generate_pdq_full_size(&photo);
        best = best.min(begun.elapsed().as_secs_f64());
        hash = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    }
    println!("{hash} {}", best * 1e3);
    Ok(())
}
