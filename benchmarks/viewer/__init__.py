"""The viewer beside OHIF: opening an exam, going on to the next, dragging the window, and memory over many exams."""
