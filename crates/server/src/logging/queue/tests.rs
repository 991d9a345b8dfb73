use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::*;

const PATIENCE: Duration = Duration::from_secs(30);

/// A reader that takes one chunk for each result that the test gives: this many bytes of it, or an error.
struct Reader {
    results: Receiver<io::Result<usize>>,
    read: Arc<Mutex<String>>,
}

impl Write for Reader {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.results.recv().unwrap_or(Ok(usize::MAX))?.min(bytes.len());
        self.read.lock().unwrap().push_str(str::from_utf8(&bytes[..count]).unwrap());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A queue, how to let its reader go on (without end when it is dropped), and what was read.
fn stalled() -> (LogQueue, SyncSender<io::Result<usize>>, Arc<Mutex<String>>) {
    let (go_on, results) = sync_channel(100);
    let read = Arc::default();
    (LogQueue::start(Reader { results, read: Arc::clone(&read) }).unwrap(), go_on, read)
}

/// In one piece, as the log does.
fn log(queue: &mut LogQueue, line: &str) {
    queue.write_all(format!("{line}\n").as_bytes()).unwrap();
}

fn missing(read: &str) -> Vec<usize> {
    let reports = read.lines().filter_map(|line| line.split_once(" log lines dropped: "));
    reports.map(|(head, _)| head.rsplit(' ').next().unwrap().parse().unwrap()).collect()
}

/// Security checklist: 73.
#[test]
fn a_reader_that_stalls_delays_nothing_and_every_line_is_written_or_counted() {
    let (mut queue, go_on, read) = stalled();
    for number in 0..10_000 {
        log(&mut queue, &format!("line {number:<95}"));
    }
    assert_eq!(*read.lock().unwrap(), "");
    assert!(queue.lock().waiting.len() <= CAPACITY);
    drop(go_on);
    queue.flush(PATIENCE);
    let read = read.lock().unwrap();
    let lines = read.lines().filter(|line| line.starts_with("line ")).count();
    assert!(lines > 2_000, "{lines}");
    // More than one report if the thread took its first chunk late.
    assert_eq!(missing(&read).iter().sum::<usize>(), 10_000 - lines);
    assert!(read.lines().last().unwrap().contains(" WARN  denizen_server::logging::queue "), "{read}");
}

#[test]
fn waiting_for_a_reader_that_stalls_has_an_end() {
    let (mut queue, go_on, _read) = stalled();
    log(&mut queue, "one");
    queue.flush(Duration::from_millis(10));
    drop(go_on);
    queue.flush(PATIENCE);
}

#[test]
fn lines_that_a_full_disk_refuses_are_counted_and_the_next_one_begins_a_line() {
    let (mut queue, go_on, read) = stalled();
    let full = || Err(io::ErrorKind::StorageFull.into());
    // A part of the first line; nothing of the second, nor of the report of the first.
    for result in [Ok(2), full(), full()] {
        go_on.send(result).unwrap();
    }
    log(&mut queue, "one");
    queue.flush(PATIENCE);
    log(&mut queue, "two");
    queue.flush(PATIENCE);
    drop(go_on);
    log(&mut queue, "three");
    queue.flush(PATIENCE);
    let read = read.lock().unwrap();
    let lines: Vec<_> = read.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[2]), (3, "on", "three"), "{read}");
    assert_eq!(missing(&read), [2]);
}

#[test]
fn a_line_that_is_longer_than_a_chunk_stays_whole() {
    let (mut queue, go_on, read) = stalled();
    drop(go_on);
    let long = "x".repeat(2 * CHUNK);
    log(&mut queue, &long);
    log(&mut queue, "short");
    queue.flush(PATIENCE);
    assert_eq!(*read.lock().unwrap(), format!("{long}\nshort\n"));
}
