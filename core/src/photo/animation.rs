//! Animations: which frame is judged, since people see that one.
//!
//! Judged is the frame that is on show for longest in the first minute, the earlier of two alike:
//! a first frame that stands for 20 ms is seen by nobody. An animation that stops keeps its last
//! frame on show. Only frames up to a number and up to so many pixels in all are looked at, since a
//! frame is drawn over those before it. Frames of 10 ms and less are shown for 100 ms, as in every
//! browser.

use crate::limits;

/// What a report says of an animation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Animation {
    /// How many frames the file has.
    pub frames: u32,
    /// Which of them was judged, from 0.
    pub judged: u32,
}

/// The frames of a file in the order they are shown in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    frames: u32,
    /// How long each of the first frames is shown, in milliseconds.
    durations_ms: Vec<u64>,
    /// How long all are shown once, in milliseconds.
    all_ms: u64,
    /// How often they are shown; `None` for without end.
    pub plays: Option<u64>,
}

impl Timeline {
    /// Adds a frame and the time that it is to be shown for.
    pub fn add(&mut self, duration_ms: u64) {
        let shown_ms = if duration_ms <= 10 { 100 } else { duration_ms };
        self.frames = self.frames.saturating_add(1);
        self.all_ms = self.all_ms.saturating_add(shown_ms);
        if self.durations_ms.len() < limits::FRAMES_MAX {
            self.durations_ms.push(shown_ms);
        }
    }

    /// How many frames there are.
    #[must_use]
    pub fn frames(&self) -> u32 {
        self.frames
    }

    /// The frame to judge, of a picture of so many pixels.
    #[must_use]
    pub fn judged(&self, pixels: u64) -> Animation {
        let count = usize::try_from(limits::FRAMES_PIXELS_MAX / pixels.max(1)).unwrap_or(1).max(1);
        let (mut judged, mut longest_ms, mut start_ms) = (0, 0, 0);
        for (frame, duration_ms) in (0_u32..).zip(self.durations_ms.iter().take(count)) {
            let shown_ms = self.shown_ms(frame, start_ms, *duration_ms);
            if longest_ms < shown_ms {
                (judged, longest_ms) = (frame, shown_ms);
            }
            start_ms += duration_ms;
        }
        Animation { frames: self.frames, judged }
    }

    /// How long a frame is on show in the first minute.
    fn shown_ms(&self, frame: u32, start_ms: u64, duration_ms: u64) -> u64 {
        const SEEN_MS: u64 = 60_000;
        let plays = (SEEN_MS / self.all_ms.max(1)).min(self.plays.unwrap_or(u64::MAX));
        let rest_ms = SEEN_MS - plays * self.all_ms;
        let more_ms = if Some(plays) != self.plays {
            rest_ms.saturating_sub(start_ms).min(duration_ms)
        } else if frame + 1 == self.frames {
            rest_ms
        } else {
            0
        };
        plays * duration_ms + more_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(durations_ms: &[u64], plays: Option<u64>) -> u32 {
        let mut timeline = Timeline { plays, ..Timeline::default() };
        for duration in durations_ms {
            timeline.add(*duration);
        }
        timeline.judged(1000).judged
    }

    #[test]
    fn the_frame_that_is_seen_longest_is_judged() {
        assert_eq!(judged(&[20, 60_000], None), 1);
        assert_eq!(judged(&[500, 500, 500], None), 0, "of frames alike the first");
        assert_eq!(judged(&[500, 700, 600], None), 1);
        assert_eq!(judged(&[2000, 20], Some(1)), 1, "what stays when it stops");
        assert_eq!(judged(&[50_000, 20], Some(1)), 0, "and is seen at last");
        assert_eq!(judged(&[90, 0], None), 1, "0 ms are shown for 100");
        assert_eq!(judged(&[59_000, 500_000], None), 0, "few people wait so long");
        assert_eq!(judged(&[], None), 0);
    }

    #[test]
    fn frames_beyond_the_limit_are_not_drawn() {
        let mut timeline = Timeline::default();
        (0..500).for_each(|_| timeline.add(100));
        timeline.add(5000);
        assert_eq!(timeline.judged(1000), Animation { frames: 501, judged: 0 });
        let mut large = Timeline::default();
        large.add(20);
        large.add(5000);
        assert_eq!(large.judged(limits::FRAMES_PIXELS_MAX).judged, 0);
    }
}
