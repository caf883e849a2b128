// SPDX-License-Identifier: GPL-2.0

//! The terminal while a command has it for itself: ratatui draws on it, and crossterm reads its keys.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyEvent, KeyEventKind};
use ratatui::{DefaultTerminal, Frame};
use signal_hook::consts::{SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag;

/// How long a signal that asks addrctl to end goes unnoticed at most: crossterm goes on waiting for
/// keys after a signal.
const SLICE: Duration = Duration::from_millis(200);

/// The terminal, which shows nothing but what is drawn. It is as before once this is dropped.
pub trait Screen {
    /// Draws all of it anew, in the size that it has now.
    fn draw(&mut self, draw: &mut dyn FnMut(&mut Frame<'_>)) -> io::Result<()>;

    /// The next input. Waits for it, at most for `time`.
    fn input(&mut self, time: Duration) -> io::Result<Option<Input>>;
}

/// What comes from the terminal, or from who ends programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed. Ctrl-C is one as well.
    Key(KeyEvent),
    /// The terminal has another size.
    Resized,
    /// A signal asks addrctl to end.
    End,
}

/// The terminal of addrctl.
struct OwnScreen {
    // Dropped first: it shows the cursor again.
    terminal: DefaultTerminal,
    ended: Arc<AtomicBool>,
    _taken: Taken,
}

/// Stands for the terminal that is taken over, and gives it back when dropped.
struct Taken;

impl Drop for Taken {
    fn drop(&mut self) {
        // In a panic ratatui's hook has given it back, before the message. Once more would put
        // the cursor above the message.
        if !std::thread::panicking() {
            // A terminal that is gone needs nothing.
            let _ = ratatui::try_restore();
        }
    }
}

/// Takes the terminal over.
///
/// `SIGHUP` ends addrctl as if it had not: the terminal is gone then, and crossterm would read
/// from it for ever.
pub(super) fn take() -> io::Result<Box<dyn Screen>> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGQUIT, SIGTERM] {
        // The second signal ends addrctl at once, should it hang. The order matters.
        flag::register_conditional_default(signal, Arc::clone(&ended))?;
        flag::register(signal, Arc::clone(&ended))?;
    }
    let taken = Taken;
    Ok(Box::new(OwnScreen {
        terminal: ratatui::try_init()?,
        ended,
        _taken: taken,
    }))
}

impl Screen for OwnScreen {
    fn draw(&mut self, draw: &mut dyn FnMut(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(|frame| draw(frame)).map(drop)
    }

    fn input(&mut self, time: Duration) -> io::Result<Option<Input>> {
        let end = Instant::now() + time;
        loop {
            if self.ended.load(Ordering::Relaxed) {
                return Ok(Some(Input::End));
            }
            let left = end.saturating_duration_since(Instant::now());
            if event::poll(left.min(SLICE))? {
                match event::read()? {
                    Event::Key(key) if key.kind != KeyEventKind::Release => {
                        return Ok(Some(Input::Key(key)));
                    }
                    Event::Resize(..) => return Ok(Some(Input::Resized)),
                    _ => {}
                }
            } else if left <= SLICE {
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::OwnedFd;
    use std::process::{Child, Command, Stdio};

    use nix::pty::{openpty, Winsize};
    use nix::sys::termios::tcgetattr;
    use ratatui::crossterm::event::KeyCode;
    use rustix::event::{poll, PollFd, PollFlags};
    use rustix::process::{kill_process, Pid, Signal};

    use super::*;

    /// Says to this program that it is the one at the pseudoterminal, and what it should meet.
    const ROLE: &str = "ADDRCTL_TEST_TERMINAL";
    const TEST: &str = "system::terminal::tests::the_terminal_is_given_back_however_it_ends";

    const ENTER: &str = "\x1b[?1049h";
    const LEAVE: &str = "\x1b[?1049l";
    const SHOW_CURSOR: &str = "\x1b[?25h";

    /// Takes the terminal over, and waits for what the test does.
    fn take_over(role: &str) {
        let mut screen = take().unwrap();
        let ready = &mut |frame: &mut Frame<'_>| frame.render_widget("ready", frame.area());
        screen.draw(ready).unwrap();
        let input = screen.input(Duration::from_secs(60)).unwrap();
        let expected = match role {
            "key" => Input::Key(KeyCode::Char('q').into()),
            "signal" => Input::End,
            "resize" => Input::Resized,
            _ => panic!("meant to happen"),
        };
        assert_eq!(input, Some(expected));
    }

    /// This test as a program of its own, at a terminal.
    fn spawn(role: &str, terminal: &OwnedFd) -> Child {
        let end = || Stdio::from(terminal.try_clone().unwrap());
        Command::new(env::current_exe().unwrap())
            .args(["--exact", TEST, "--nocapture"])
            .env(ROLE, role)
            .env("RUST_BACKTRACE", "0")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap()
    }

    /// Reads what the program prints, until it printed `last` or, for nothing, all.
    fn read_until(terminal: &mut File, last: &str) -> String {
        let mut text = Vec::new();
        loop {
            let found = String::from_utf8_lossy(&text).into_owned();
            if !last.is_empty() && found.contains(last) {
                return found;
            }
            let mut ready = [PollFd::new(terminal, PollFlags::IN)];
            let minute = Duration::from_secs(60).try_into().unwrap();
            assert_eq!(poll(&mut ready, Some(&minute)), Ok(1), "{found:?}");
            let mut room = [0; 4096];
            match terminal.read(&mut room) {
                Ok(count) => text.extend(&room[..count]),
                // Nobody has the other end any more.
                Err(_) => return found,
            }
        }
    }

    #[test]
    fn the_terminal_is_given_back_however_it_ends() {
        if let Ok(role) = env::var(ROLE) {
            return take_over(&role);
        }
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        for role in ["key", "signal", "resize", "panic"] {
            let pair = openpty(&size, None).unwrap();
            let before = tcgetattr(&pair.slave).unwrap();
            let mut child = spawn(role, &pair.slave);
            let mut terminal = File::from(pair.master);
            let mut printed = read_until(&mut terminal, "ready");
            assert_ne!(tcgetattr(&pair.slave).unwrap(), before, "{role}");
            let pid = Pid::from_child(&child);
            match role {
                "signal" => kill_process(pid, Signal::TERM).unwrap(),
                "resize" => {
                    // crossterm listens for it only once it waits for keys.
                    while child.try_wait().unwrap().is_none() {
                        kill_process(pid, Signal::WINCH).unwrap();
                        std::thread::sleep(Duration::from_millis(20));
                    }
                }
                _ => terminal.write_all(b"q").unwrap(),
            }
            let status = child.wait().unwrap();
            assert_eq!(tcgetattr(&pair.slave).unwrap(), before, "{role}");
            drop(pair.slave);
            printed += &read_until(&mut terminal, "");

            assert_eq!(status.success(), role != "panic", "{role}: {printed}");
            for once in [ENTER, LEAVE] {
                assert_eq!(printed.matches(once).count(), 1, "{role}: {printed:?}");
            }
            assert!(printed.contains(SHOW_CURSOR), "{role}: {printed:?}");
            // The message is not lost with the screen.
            let (_, after) = printed.split_once(LEAVE).unwrap();
            assert_eq!(after.contains("meant to happen"), role == "panic");
        }
    }
}
