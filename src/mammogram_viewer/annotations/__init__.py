"""What people draw on images and measure there, key images, exports of both, and how each likes the viewer."""
