"""What the DICOM standard says a picture looks like, read a second time and compared with what we render."""
